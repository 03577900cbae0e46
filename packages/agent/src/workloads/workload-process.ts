// Starting and stopping one workload's process.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Deployment } from "@upgrade-ledger/contract";
import { identify, isAlive, type ProcessIdentity, signalProcess } from "../supervisor/process-identity.ts";
import { START_ID_VARIABLE } from "./find-start.ts";

/** Time between SIGTERM and SIGKILL, ms. */
const STOP_TIMEOUT_MS = 10_000;
const LOOK_MS = 20;

export interface StartedWorkload {
  readonly identity: ProcessIdentity;
  /** Settles with how it ended, as long as this agent lives to see it. */
  readonly ended: Promise<string>;
}

/**
 * Starts a workload in a session of its own, with the agent's PATH and HOME and the deployment's environment. It belongs
 * to no agent process: it outlives this one, and its guard.
 * @throws Error when the command cannot be executed
 */
export async function startWorkload(
  deployment: Deployment,
  startId: string,
  logFile: string,
): Promise<StartedWorkload> {
  const [program = "", ...args] = deployment.command;
  mkdirSync(dirname(logFile), { recursive: true });
  const log = openSync(logFile, "a", 0o640);
  let child: ChildProcess;
  try {
    child = spawn(program, args, {
      detached: true,
      cwd: "/",
      env: { ...inherited(), ...deployment.env, [START_ID_VARIABLE]: startId },
      stdio: ["ignore", log, log],
    });
  } finally {
    closeSync(log);
  }
  if (child.pid === undefined) {
    const [error]: unknown[] = await once(child, "error", { signal: AbortSignal.timeout(5_000) });
    throw error instanceof Error ? error : new Error(String(error));
  }
  child.unref();
  const ended = new Promise<string>((resolve) => {
    child.once("exit", (code, signal) => resolve(signal === null ? `exit ${code}` : `signal ${signal}`));
  });
  return { identity: identify(child.pid) ?? { pid: child.pid, startTime: "ended" }, ended };
}

/** SIGTERM to the workload and all that it started, SIGKILL if it is there after 10 s. Answers when it is gone. */
export async function stopWorkload(identity: ProcessIdentity, signal: AbortSignal): Promise<void> {
  signalProcess(identity, "SIGTERM", true);
  const deadline = performance.now() + STOP_TIMEOUT_MS;
  let forced = false;
  while (isAlive(identity)) {
    signal.throwIfAborted();
    if (!forced && performance.now() >= deadline) forced = signalProcess(identity, "SIGKILL", true);
    await delay(LOOK_MS);
  }
}

/** Nothing of the agent's own settings: they may name secrets. */
function inherited(): NodeJS.ProcessEnv {
  const names = ["PATH", "HOME", "LANG", "TZ"];
  return Object.fromEntries(names.map((name) => [name, process.env[name]]));
}
