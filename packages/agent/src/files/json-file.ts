// JSON files of the agent: read with a schema; what cannot be read is set aside, never fatal (spec §4, Marker).
import { rename } from "node:fs/promises";
import { z } from "zod";
import { readIfThere, writeDurably } from "./durable-file.ts";

export type JsonReading<T> =
  | { readonly kind: "there"; readonly value: T }
  | { readonly kind: "missing" }
  /** It was unreadable and now stands at `setAside`. */
  | { readonly kind: "corrupt"; readonly setAside: string; readonly why: string };

/** Reads a JSON file; a corrupt one is renamed to `<name>.corrupt-<time>`. */
export async function readJson<T>(path: string, schema: z.ZodType<T>): Promise<JsonReading<T>> {
  const data = await readIfThere(path);
  if (data === undefined) return { kind: "missing" };
  const parsed = schema.safeParse(parseJson(data.toString("utf8")));
  if (parsed.success) return { kind: "there", value: parsed.data };
  const setAside = `${path}.corrupt-${Date.now()}`;
  await rename(path, setAside);
  return { kind: "corrupt", setAside, why: z.prettifyError(parsed.error) };
}

/** The file's content, or `undefined` where there is none that can be read. */
export async function readJsonOr<T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> {
  const reading = await readJson(path, schema);
  return reading.kind === "there" ? reading.value : undefined;
}

export async function writeJson(path: string, value: unknown): Promise<void> {
  await writeDurably(path, `${JSON.stringify(value, null, 1)}\n`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
