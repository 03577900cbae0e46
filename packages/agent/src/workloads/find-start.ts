import { readdirSync, readFileSync } from "node:fs";
import { identify, type ProcessIdentity } from "../supervisor/process-identity.ts";

/** Name of the variable in a workload's environment that says which start it came from. */
export const START_ID_VARIABLE = "FLEET_WORKLOAD_START_ID";

/**
 * The session leader that was started with this id, if it lives: an agent may have been killed between the start and
 * noting the process id, and the workload must not be started twice (G7).
 */
export function findStarted(startId: string): ProcessIdentity | undefined {
  const wanted = `${START_ID_VARIABLE}=${startId}`;
  for (const entry of readdirSync("/proc")) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || !environmentOf(pid).includes(wanted)) continue;
    if (isSessionLeader(pid)) return identify(pid);
  }
  return undefined;
}

function environmentOf(pid: number): readonly string[] {
  return readText(`/proc/${pid}/environ`).split("\0");
}

function isSessionLeader(pid: number): boolean {
  const stat = readText(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[3] === String(pid);
}

/** Empty for a process that has ended, or belongs to someone else. */
function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
