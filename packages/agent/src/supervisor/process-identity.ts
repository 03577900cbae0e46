// One process, for ever: its id is used again by others, its id and start time within one boot are not.
import { readFileSync } from "node:fs";

export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks after boot at which it started, as the kernel writes it. */
  readonly startTime: string;
}

/** The identity of the live process with this id; `undefined` when there is none (a zombie is not alive). */
export function identify(pid: number): ProcessIdentity | undefined {
  const stat = readText(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // The program's name stands in parentheses and may hold anything; the fields are counted after it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state] = fields;
  const startTime = fields[19];
  if (startTime === undefined || state === "Z" || state === "X") return undefined;
  return { pid, startTime };
}

/** Whether exactly this process still lives. */
export function isAlive(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.startTime === identity.startTime;
}

/**
 * Sends a signal to exactly this process, or with `group` to the process group that it leads.
 * Answers false when it has ended.
 */
export function signalProcess(
  identity: ProcessIdentity,
  signal: NodeJS.Signals,
  group: boolean = false,
): boolean {
  if (!isAlive(identity)) return false;
  try {
    process.kill(group ? -identity.pid : identity.pid, signal);
    return true;
  } catch {
    return false; // it ended between the two lines above
  }
}

/** Changes at every boot of the machine. */
export function bootId(): string {
  return readText("/proc/sys/kernel/random/boot_id")?.trim() ?? "unknown";
}

/** Milliseconds since boot: one monotonic clock for all processes of a boot. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
