import { isDeepStrictEqual } from "node:util";

import { LEDGER_STREAM } from "@upgrade-ledger/contract";

import type { JsonObject } from "../json.ts";
import type { FieldDrift } from "./compare.ts";
import { DEVICE_WRITABLE_STREAMS, LEDGER_STREAMS } from "./definitions.ts";

/**
 * What provisioning does about a field that is not as defined:
 * `update` it; `report` it only (a person must decide); or `refuse` everything, because the definition would weaken the ledger.
 */
export type Verdict = "update" | "report" | "refuse";

/** One definition that may not be provisioned, and why. */
export interface Objection {
  readonly stream: string;
  readonly field: string;
  readonly reason: string;
}

type FieldRule = (actual: unknown, wanted: unknown) => Verdict;

const sameOrMore: FieldRule = (actual, wanted) => (amount(wanted) >= amount(actual) ? "update" : "refuse");
const becomes =
  (value: unknown): FieldRule =>
  (_actual, wanted) =>
    (wanted ?? false) === value ? "update" : "refuse";

/** Changes of a stream with history. Any field that is not named here is refused. */
const LEDGER_RULES: Readonly<Record<string, FieldRule>> = {
  description: () => "update",
  subjects: (actual, wanted) => (isSuperset(wanted, actual) ? "update" : "refuse"),
  max_bytes: sameOrMore,
  max_msgs: sameOrMore,
  max_msgs_per_subject: sameOrMore,
  max_consumers: sameOrMore,
  // Smaller messages refuse events and drop none; still somebody should look.
  max_msg_size: (actual, wanted) => (sameOrMore(actual, wanted) === "update" ? "update" : "report"),
  max_age: (_actual, wanted) => (wanted === 0 ? "update" : "refuse"),
  duplicate_window: sameOrMore,
  num_replicas: sameOrMore,
  discard: becomes("new"),
  discard_new_per_subject: becomes(true),
  deny_delete: becomes(true),
  deny_purge: becomes(true),
  allow_rollup_hdrs: becomes(false),
  allow_msg_ttl: becomes(false),
  allow_msg_schedules: becomes(false),
  allow_msg_counter: becomes(false),
  no_ack: becomes(false),
  sealed: becomes(false),
  allow_direct: becomes(true),
  allow_atomic: becomes(true),
  allow_batched: () => "report",
  compression: () => "update",
  republish: (actual, wanted) => (actual === undefined && wanted !== undefined ? "update" : "refuse"),
};

/** Fields of the other streams whose change loses data or is impossible: a person must decide. */
const NEVER_BY_ITSELF: ReadonlySet<string> = new Set([
  "storage",
  "retention",
  "max_consumers",
  "persist_mode",
  "mirror",
  "sources",
]);

/** What to do about one difference. */
export function judge(drift: FieldDrift): Verdict {
  if (LEDGER_STREAMS.has(drift.stream)) {
    const rule = LEDGER_RULES[drift.field];
    return rule === undefined ? "refuse" : rule(drift.actual, drift.wanted);
  }
  if (NEVER_BY_ITSELF.has(drift.field)) return "report";
  const lowersLimit = /^(max_(msgs|bytes|msgs_per_subject|age)|num_replicas)$/.test(drift.field);
  return lowersLimit && sameOrMore(drift.actual, drift.wanted) === "refuse" ? "report" : "update";
}

/** What a ledger must be, whether it exists or not (spec §3.1). */
const LEDGER_INVARIANTS: Readonly<Record<string, unknown>> = {
  storage: "file",
  retention: "limits",
  discard: "new",
  discard_new_per_subject: true,
  deny_delete: true,
  deny_purge: true,
  allow_direct: true,
  allow_atomic: true,
  max_age: 0,
  max_msgs: -1,
};

const REWRITING_HEADERS = ["allow_rollup_hdrs", "allow_msg_ttl", "allow_msg_schedules", "allow_msg_counter"];
const TEN_MINUTES_NS = 600_000_000_000;

/** Everything in a definition that may not be provisioned at all, not even as a new stream. */
export function objections(stream: string, config: JsonObject): Objection[] {
  const found: Objection[] = [];
  const object = (field: string, reason: string): void => void found.push({ stream, field, reason });
  if (DEVICE_WRITABLE_STREAMS.has(stream) || LEDGER_STREAMS.has(stream)) {
    for (const field of REWRITING_HEADERS.filter((name) => config[name] === true)) {
      object(field, "a device could rewrite or remove messages that are not its own");
    }
  }
  if (!LEDGER_STREAMS.has(stream)) return found;
  for (const [field, value] of Object.entries(LEDGER_INVARIANTS)) {
    if (!isDeepStrictEqual(config[field], value)) object(field, `must be ${JSON.stringify(value)}`);
  }
  if (config["persist_mode"] === "async")
    object("persist_mode", "an acknowledged event would not be on the disk");
  if (config["no_ack"] === true) object("no_ack", "nobody would know what is stored");
  if (!(amount(config["duplicate_window"]) >= TEN_MINUTES_NS))
    object("duplicate_window", "must be 10 minutes or more");
  if (stream === LEDGER_STREAM && config["republish"] === undefined) {
    object("republish", "commands would not reach the devices");
  }
  for (const field of ["mirror", "sources", "subject_transform", "subject_delete_marker_ttl"]) {
    if (config[field] !== undefined)
      object(field, "the ledger stores what its writers publish and nothing else");
  }
  return found;
}

/** A limit as a number; -1, 0 and absent mean "no limit". */
function amount(value: unknown): number {
  return typeof value === "number" && value > 0 ? value : Number.POSITIVE_INFINITY;
}

function isSuperset(outer: unknown, inner: unknown): boolean {
  return Array.isArray(outer) && Array.isArray(inner) && inner.every((subject) => outer.includes(subject));
}
