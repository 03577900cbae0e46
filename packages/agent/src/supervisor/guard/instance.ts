// A running agent process, started by this guard or adopted from an earlier one.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync } from "node:fs";
import { identify, isAlive, type ProcessIdentity } from "../process-identity.ts";
import type { Exit } from "./decide.ts";
import { openLog } from "./log-folder.ts";

export interface Instance {
  readonly identity: ProcessIdentity;
  /** Settles when the process has ended. */
  readonly ended: Promise<Exit>;
}

export interface InstanceCommand {
  readonly path: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Standard output and error are appended here. */
  readonly logFile: string;
}

/** How often an adopted process is looked at: the kernel reports the end of a child only to its parent. */
const LOOK_MS = 100;

/**
 * Starts a process in a session of its own, so that it outlives the guard and its terminal.
 * @throws Error when it cannot be executed
 */
export async function startInstance(command: InstanceCommand): Promise<Instance> {
  const log = openLog(command.logFile);
  let child: ChildProcess;
  try {
    child = spawn(command.path, command.args, {
      detached: true,
      env: command.env,
      stdio: ["ignore", log, log],
    });
  } finally {
    closeSync(log);
  }
  if (child.pid === undefined) {
    const [error]: unknown[] = await once(child, "error", { signal: AbortSignal.timeout(5_000) });
    throw error instanceof Error ? error : new Error(String(error));
  }
  // A process that has ended at once is a zombie until its exit is delivered: its start time is no longer needed.
  const identity = identify(child.pid) ?? { pid: child.pid, startTime: "ended" };
  return { identity, ended: exitOf(child) };
}

/** Watches a process that an earlier guard started. How it ends cannot be known. */
export function adoptInstance(identity: ProcessIdentity): Instance {
  const ended = new Promise<Exit>((resolve) => {
    const timer = setInterval(() => {
      if (isAlive(identity)) return;
      clearInterval(timer);
      resolve({ kind: "unknown" });
    }, LOOK_MS);
  });
  return { identity, ended };
}

function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => {
    child.once("exit", (code, signal) => {
      if (signal !== null) resolve({ kind: "signal", signal });
      else resolve({ kind: "code", code: code ?? 0 });
    });
  });
}
