// The logs of agents and workloads: appended by the processes themselves, kept small by the guard.
import { copyFileSync, mkdirSync, openSync, readdirSync, statSync, truncateSync } from "node:fs";
import { dirname, join } from "node:path";

/** Opens a log for appending. One that cannot be written (a full disk) must not keep the agent down. */
export function openLog(file: string): number {
  try {
    mkdirSync(dirname(file), { recursive: true });
    return openSync(file, "a", 0o640);
  } catch {
    return openSync("/dev/null", "a");
  }
}

/**
 * Empties every `*.log` in the folder that is larger than `maxBytes`, after copying it to `….1`. Its writers append, so they
 * go on at the new end; lines that they write between the two steps are lost. Without room for the copy it is emptied all the same.
 */
export function keepLogsSmall(folder: string, maxBytes: number): void {
  for (const file of logsIn(folder)) {
    if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) <= maxBytes) continue;
    try {
      copyFileSync(file, `${file}.1`);
    } catch {
      // A full disk: that is one more reason to go on.
    }
    truncateSync(file);
  }
}

function logsIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith(".log"))
      .map((name) => join(folder, name));
  } catch {
    return []; // no agent has run yet
  }
}
