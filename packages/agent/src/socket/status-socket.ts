// The local status socket: what an instance says of itself to others on the device (spec §4, Stop).
import { mkdir, readdir, rm } from "node:fs/promises";
import { createConnection, createServer, type Server } from "node:net";
import { join } from "node:path";
import { AgentState, InstanceId, UpgradeId, Version } from "@upgrade-ledger/contract";
import { z } from "zod";
import { parseJsonAs } from "../files/json-text.ts";

export const Status = z.object({
  instance_id: InstanceId,
  version: Version,
  agent_state: AgentState,
  /** Whether its link to the broker is up. */
  connected: z.boolean(),
  upgrade_id: UpgradeId.nullable(),
  pid: z.int().positive(),
  /** Whether it is the one that reconciles workloads. */
  active: z.boolean(),
});
export type Status = z.infer<typeof Status>;

function folderOf(stateDir: string): string {
  return join(stateDir, "run");
}

/** `<stateDir>/run/<instanceId>.sock` */
export function socketPath(stateDir: string, instanceId: string): string {
  return join(folderOf(stateDir), `${instanceId}.sock`);
}

/** Answers every connection with one line of JSON and closes it. */
export async function serveStatus(
  stateDir: string,
  instanceId: string,
  status: () => Status,
): Promise<Server> {
  await mkdir(folderOf(stateDir), { recursive: true, mode: 0o700 });
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.end(`${JSON.stringify(status())}\n`);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(socketPath(stateDir, instanceId), resolve);
  });
  return server;
}

/** What the instance says; `null` when it does not answer in time, or not as itself. */
export async function askStatus(
  stateDir: string,
  instanceId: string,
  timeoutMs = 3_000,
): Promise<Status | null> {
  const text = await readAll(socketPath(stateDir, instanceId), timeoutMs).catch(() => undefined);
  if (text === undefined) return null;
  const status = parseJsonAs(text, Status);
  return status?.instance_id === instanceId ? status : null;
}

/** All instances that answer; sockets that nobody serves any more are removed. */
export async function askAll(stateDir: string): Promise<Status[]> {
  const names = await readdir(folderOf(stateDir)).catch(() => []);
  const ids = names.filter((name) => name.endsWith(".sock")).map((name) => name.slice(0, -".sock".length));
  const answers = await Promise.all(ids.map((id) => askStatus(stateDir, id)));
  return answers.filter((answer) => answer !== null);
}

/** Removes the sockets of instances that are gone: nothing listens there. */
export async function removeDeadSockets(stateDir: string): Promise<void> {
  const folder = folderOf(stateDir);
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter((one) => one.endsWith(".sock"))) {
    const path = join(folder, name);
    if (await isRefused(path)) await rm(path, { force: true });
  }
}

function isRefused(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(false);
    });
    socket.once("error", (error) => resolve("code" in error && error.code === "ECONNREFUSED"));
  });
}

const MAX_ANSWER = 64 * 1024;

function readAll(path: string, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path);
    let text = "";
    const timer = setTimeout(() => socket.destroy(new Error("no answer in time")), timeoutMs);
    socket.setEncoding("utf8");
    socket.on("data", (chunk: string) => {
      text += chunk;
      if (text.length > MAX_ANSWER) socket.destroy(new Error("the answer is too long"));
    });
    socket.once("end", () => resolve(text));
    socket.once("error", reject);
    socket.once("close", () => {
      clearTimeout(timer);
      reject(new Error("it closed the connection"));
    });
  });
}
