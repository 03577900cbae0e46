// The service as a process of its own: the same program that `npm start` runs.
import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Finished, run, stop } from "./processes.ts";
import { TIMINGS } from "./story.ts";
import { PROJECT, type World } from "./world.ts";

const CLI = join(PROJECT, "packages", "cli", "dist", "main.js");
const READY_TIMEOUT_MS = 30_000;

export interface Service {
  readonly pid: number;
  stop(): Promise<void>;
  /** Ends it as a crash would. */
  kill(): Promise<void>;
}

/** Starts `upgrade-ledger serve` and waits until it answers `/readyz`; its log goes to `service.log`. */
export async function startService(world: World): Promise<Service> {
  await mkdir(world.dataDir, { recursive: true });
  const logFile = join(world.root, "service.log");
  const log = createWriteStream(logFile, { flags: "a" });
  const child = spawn(
    process.execPath,
    [
      CLI,
      "serve",
      "--data-dir",
      world.dataDir,
      "--http",
      `127.0.0.1:${world.httpPort}`,
      "--nats-port",
      `${world.natsPort}`,
    ],
    {
      env: {
        ...process.env,
        UPGRADE_LEDGER_SOAK_MS: `${TIMINGS.soakMs}`,
        UPGRADE_LEDGER_STOP_DEADLINE_MS: `${TIMINGS.stopDeadlineMs}`,
      },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  child.stdout.pipe(log);
  child.stderr.pipe(log);
  await ready(world, child, logFile);
  return {
    pid: child.pid ?? 0,
    stop: () => stop(child),
    kill: async () => {
      const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
      child.kill("SIGKILL");
      await gone;
    },
  };
}

async function ready(world: World, child: ChildProcess, logFile: string): Promise<void> {
  const deadline = performance.now() + READY_TIMEOUT_MS;
  while (performance.now() < deadline) {
    if (child.exitCode !== null)
      throw new Error(`the service ended with exit code ${child.exitCode}; see ${logFile}`);
    const answer = await fetch(`${world.httpUrl}/readyz`).catch(() => undefined);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`the service was not ready within ${READY_TIMEOUT_MS / 1000} s; see ${logFile}`);
}

/** Runs the command line tool against the demo's service; throws with its own message when it fails. */
export async function cli(world: World, ...args: string[]): Promise<Finished> {
  const finished = await run(process.execPath, [CLI, ...args], {
    ...process.env,
    UPGRADE_LEDGER_SERVER: world.httpUrl,
  });
  if (finished.code !== 0) throw new Error(`upgrade-ledger ${args.join(" ")}: ${finished.stderr.trim()}`);
  return finished;
}
