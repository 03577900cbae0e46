// What a guard leaves behind for the next one: <state_dir>/units.json.
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { z } from "zod";
import { Tally } from "./trial.ts";

const UnitRecord = z.object({
  name: z.string(),
  /** The version that a transient unit runs; `null` for the unit behind the symlink. */
  version: z.string().nullable(),
  /** The version that its process runs. */
  runs: z.string().nullable().default(null),
  state: z.enum(["running", "restarting", "gave-up", "exited"]),
  process: z.object({ pid: z.int().positive(), startTime: z.string() }).nullable(),
  /** Monotonic times (ms since boot) of recent starts. */
  starts_ms: z.array(z.number()),
  /** When a planned restart is due, ms since boot. */
  restart_at_ms: z.number().nullable(),
  last_exit: z.string().nullable(),
});
export type UnitRecord = z.infer<typeof UnitRecord>;

const UnitsDocument = z.object({
  boot_id: z.string(),
  units: z.array(UnitRecord),
  trial: Tally.nullable().default(null),
});
export type UnitsDocument = z.infer<typeof UnitsDocument>;

/** Reads the record; `undefined` where there is none. A damaged one is set aside and counts as none. */
export function readUnits(file: string): UnitsDocument | undefined {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
  const parsed = UnitsDocument.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  renameSync(file, `${file}.damaged`);
  return undefined;
}

/**
 * Replaces the record, at once: a guard may be killed right after it has started a process. It is not synced to the
 * disk, because after a power cut none of these processes exists.
 */
export function writeUnits(file: string, document: UnitsDocument): void {
  const draft = `${file}.new`;
  writeFileSync(draft, JSON.stringify(document, null, 1));
  renameSync(draft, file);
}

/** After a clean stop there is nothing to adopt: the next guard starts as after a reboot. */
export function removeUnits(file: string): void {
  rmSync(file, { force: true });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
