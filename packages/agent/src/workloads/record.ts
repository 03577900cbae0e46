// <state_dir>/workloads/<name>.json: which process is which workload, for any agent process that comes later.
import { createHash } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import type { Deployment } from "@upgrade-ledger/contract";
import { z } from "zod";

const Record = z.object({
  name: z.string(),
  spec_hash: z.string(),
  /** Given to the process in its environment: finds it again if the agent died before it could note the pid. */
  start_id: z.string(),
  boot_id: z.string(),
  /** `null` between the decision to start and the start. */
  process: z.object({ pid: z.int().positive(), startTime: z.string() }).nullable(),
  /** The device's clock, for people. */
  started_at: z.string(),
  /** ms since boot. */
  started_ms: z.number(),
  /** Consecutive starts that ended before they had run for a while. */
  short_runs: z.int().nonnegative(),
  /** ms since boot; not started again before. */
  not_before_ms: z.number(),
  last_error: z.string().nullable(),
});
export type WorkloadRecord = z.infer<typeof Record>;

const SUFFIX = ".json";

/** Identifies what a deployment runs: another command or environment is another workload. */
export function specHash(deployment: Deployment): string {
  const env = Object.entries(deployment.env).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const spec = JSON.stringify([deployment.runtime, deployment.command, env]);
  return createHash("sha256").update(spec).digest("hex");
}

/** All records of a folder by workload. A damaged one is set aside: the workload is then started anew. */
export function readRecords(folder: string): Map<string, WorkloadRecord> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const records = new Map<string, WorkloadRecord>();
  for (const name of readdirSync(folder).filter((entry) => entry.endsWith(SUFFIX))) {
    const file = join(folder, name);
    const parsed = Record.safeParse(parseJson(readFileSync(file, "utf8")));
    if (parsed.success) records.set(parsed.data.name, parsed.data);
    else renameSync(file, `${file}.damaged`);
  }
  return records;
}

/** Writes a record whole and durably. */
export function writeRecord(folder: string, record: WorkloadRecord): void {
  const file = join(folder, record.name + SUFFIX);
  const draft = `${file}.new`;
  const handle = openSync(draft, "w", 0o600);
  try {
    writeSync(handle, JSON.stringify(record));
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(draft, file);
}

export function removeRecord(folder: string, name: string): void {
  rmSync(join(folder, name + SUFFIX), { force: true });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
