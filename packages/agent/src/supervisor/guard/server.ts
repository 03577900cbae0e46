// The guard's unix socket.
import { chmodSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { type GuardAnswer, GuardRequest } from "../guard-protocol.ts";
import type { Guard } from "./guard.ts";

/** Longest path that fits into a unix socket address on Linux, bytes. */
const MAX_SOCKET_PATH_BYTES = 107;

export interface GuardServerOptions {
  readonly path: string;
  readonly guard: Guard;
  /** Settles when the guard knows its units; requests that come earlier wait for it. */
  readonly ready: Promise<void>;
}

/**
 * Listens on a unix socket, for its owner alone. A socket file that a killed guard left is replaced; whoever calls this holds
 * the state folder's lock.
 */
export async function listen(options: GuardServerOptions): Promise<Server> {
  const { path } = options;
  if (Buffer.byteLength(path) > MAX_SOCKET_PATH_BYTES) {
    throw new Error(
      `${path} is too long for a unix socket (${MAX_SOCKET_PATH_BYTES} bytes): use a shorter --state-dir`,
    );
  }
  rmSync(path, { force: true });
  const server = createServer((socket) => serve(socket, options));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  chmodSync(path, 0o600);
  return server;
}

function serve(socket: Socket, options: GuardServerOptions): void {
  socket.on("error", () => socket.destroy()); // the client has gone: nobody to tell
  createInterface({ input: socket }).on("line", (line) => {
    void answer(line, options).then((reply) => socket.write(`${JSON.stringify(reply)}\n`));
  });
}

async function answer(line: string, { guard, ready }: GuardServerOptions): Promise<GuardAnswer> {
  try {
    await ready;
    return { ok: true, result: await carryOut(GuardRequest.parse(JSON.parse(line)), guard) };
  } catch (error) {
    return { ok: false, error: error instanceof Error ? error.message : String(error) };
  }
}

function carryOut(request: GuardRequest, guard: Guard): unknown {
  switch (request.op) {
    case "start-version":
      return guard.startVersion(request.version);
    case "stop-unit":
      return guard.stopUnit(request.unit).then(() => null);
    case "status":
      return guard.statusOf(request.unit);
    case "list":
      return guard.list();
  }
}
