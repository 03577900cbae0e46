import { isDeepStrictEqual } from "node:util";

import type { JsonObject } from "../json.ts";

/** One field of a stream's configuration that is not as defined. */
export interface FieldDrift {
  readonly stream: string;
  readonly field: string;
  /** What the server has; `undefined`: not set. */
  readonly actual: unknown;
  /** What `streams/` says; `undefined`: not set. */
  readonly wanted: unknown;
}

/** Fields that the server fills in by itself or that say nothing about behaviour. */
const IGNORED_FIELDS: ReadonlySet<string> = new Set(["metadata", "consumer_limits"]);

/** Every field in which the server's configuration differs from the definition, sorted by name. */
export function compareConfig(stream: string, actual: JsonObject, wanted: JsonObject): FieldDrift[] {
  const fields = new Set([...Object.keys(actual), ...Object.keys(wanted)]);
  return [...fields]
    .filter((field) => !IGNORED_FIELDS.has(field))
    .filter((field) => !isDeepStrictEqual(normal(field, actual[field]), normal(field, wanted[field])))
    .toSorted()
    .map((field) => ({ stream, field, actual: actual[field], wanted: wanted[field] }));
}

/** Absent, false, zero, empty: the server leaves these out, all meaning the same. The order of subjects means nothing. */
function normal(field: string, value: unknown): unknown {
  if (value === undefined || value === null || value === false || value === 0 || value === "")
    return undefined;
  if (value === "none" && field === "compression") return undefined;
  if (value === "default" && field === "persist_mode") return undefined;
  if (Array.isArray(value) && field === "subjects") return value.map(String).toSorted();
  if (typeof value === "object" && Object.keys(value).length === 0) return undefined; // also an empty list
  return value;
}
