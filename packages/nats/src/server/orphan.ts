import { execFile } from "node:child_process";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";

import { parseJsonObject } from "../json.ts";
import { isErrorCode } from "./secrets.ts";

/**
 * Takes a server's data folder for this process.
 * A nats-server that a killed service left running there is stopped first; it is recognised by its pid file
 * and by its command line, which names this folder, so no other process is ever touched.
 *
 * @throws Error when the service that owns the folder is still alive.
 */
export async function takeDataFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const ownerFile = join(folder, "owner.json");
  const owner = await readOwner(ownerFile);
  if (owner && owner.pid !== process.pid && (await startTime(owner.pid)) === owner.startedAt) {
    throw new Error(
      `Process ${owner.pid} already runs a NATS server in ${folder}. Stop it, or give this one another data folder.`,
    );
  }
  await stopOrphan(folder);
  const startedAt = await startTime(process.pid);
  await writeFile(ownerFile, JSON.stringify({ pid: process.pid, startedAt }), { mode: 0o600 });
}

/** Gives the folder back after the server has stopped. */
export async function releaseDataFolder(folder: string): Promise<void> {
  await rm(join(folder, "owner.json"), { force: true });
}

/** Path of the pid file of the server in `folder`. */
export function pidFile(folder: string): string {
  return join(folder, "nats-server.pid");
}

async function stopOrphan(folder: string): Promise<void> {
  const text = await readIfThere(pidFile(folder));
  const pid = Number(text?.trim());
  if (!Number.isInteger(pid) || pid <= 1) return;
  if (!(await isServerOf(pid, folder))) return;
  for (const [signal, patienceMs] of [
    ["SIGTERM", 15_000],
    ["SIGKILL", 5_000],
  ] as const) {
    signalIfAlive(pid, signal);
    const deadline = performance.now() + patienceMs;
    while (performance.now() < deadline) {
      if (!(await isServerOf(pid, folder))) return;
      await delay(20);
    }
  }
  throw new Error(`The nats-server ${pid}, left over in ${folder}, does not stop. End it by hand.`);
}

async function isServerOf(pid: number, folder: string): Promise<boolean> {
  return (await commandLine(pid)).includes(` ${join(folder, "embedded.conf")} `);
}

/** What a process was started with; "" when there is none, and of a zombie, which no longer holds the folder. */
async function commandLine(pid: number): Promise<string> {
  if (process.platform === "linux") {
    return (await readIfThere(`/proc/${pid}/cmdline`))?.replaceAll("\0", " ") ?? "";
  }
  const listing = promisify(execFile)("ps", ["-p", String(pid), "-o", "command="]);
  return listing.then(({ stdout }) => stdout).catch(() => "");
}

function signalIfAlive(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!isErrorCode(error, "ESRCH")) throw error;
  }
}

async function readOwner(file: string): Promise<{ pid: number; startedAt: string } | undefined> {
  const text = await readIfThere(file);
  if (text === undefined || text === "") return undefined;
  const { pid, startedAt } = parseJsonObject(text, file);
  return typeof pid === "number" && typeof startedAt === "string" ? { pid, startedAt } : undefined;
}

/**
 * When a live process started, in clock ticks since boot: tells it from a later one with the same pid. A zombie has
 * ended; it only waits for its parent to ask how, which some parents never do.
 */
async function startTime(pid: number): Promise<string | undefined> {
  const stat = await readIfThere(`/proc/${pid}/stat`);
  // The second field, the name, may hold spaces and brackets; after it come the state and, as the 22nd, the start time.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ") ?? [];
  return fields[0] === "Z" || fields[0] === "X" ? undefined : fields[19];
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (isErrorCode(error, "ENOENT") || isErrorCode(error, "ESRCH")) return undefined;
    throw error;
  }
}
