import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { isJsonObject } from "../json.ts";

/** How a server ended. */
export interface ServerExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly logFile: string;
}

export interface ServerProcessOptions {
  readonly binary: string;
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Has the folder `ports`, where the server says on which port it listens, and gets `nats-server.log`. */
  readonly folder: string;
  readonly readyTimeoutMs: number;
  readonly onUnexpectedExit: ((exit: ServerExit) => void) | undefined;
}

/** One nats-server child process: started, ready, stopped. Knows nothing of accounts. */
export class ServerProcess {
  readonly url: string;
  readonly pid: number;
  readonly logFile: string;
  readonly #child: ChildProcess;
  #stopping = false;

  private constructor(child: ChildProcess, url: string, logFile: string) {
    this.#child = child;
    this.url = url;
    this.pid = child.pid ?? 0;
    this.logFile = logFile;
  }

  /** Starts the server and waits until it accepts connections, which it does once its streams are recovered. */
  static async start(options: ServerProcessOptions): Promise<ServerProcess> {
    const logFile = join(options.folder, "nats-server.log");
    const portsFolder = join(options.folder, "ports");
    for (const leftOver of await readdir(portsFolder)) await rm(join(portsFolder, leftOver), { force: true });

    const log = openSync(logFile, "a", 0o600);
    // A group of its own: Ctrl-C in a terminal reaches the service alone, which then stops the server in good order.
    const child = spawn(options.binary, options.arguments, {
      env: { PATH: process.env["PATH"] ?? "", ...options.environment },
      stdio: ["ignore", log, log],
      detached: true,
    });
    closeSync(log);
    const failure = new Promise<never>((_, reject) => {
      child.once("error", reject);
      child.once("exit", (code, signal) => reject(new Error(`it ended (${signal ?? `exit code ${code}`})`)));
    });
    failure.catch(() => undefined);
    const endWithUs = (): void => void child.kill("SIGTERM");
    process.once("exit", endWithUs);
    child.once("exit", () => process.off("exit", endWithUs));

    try {
      const url = await Promise.race([failure, listeningAddress(child, portsFolder, options.readyTimeoutMs)]);
      const server = new ServerProcess(child, url, logFile);
      child.once("exit", (code, signal) => {
        if (!server.#stopping) options.onUnexpectedExit?.({ code, signal, logFile });
      });
      return server;
    } catch (cause) {
      child.kill("SIGKILL");
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new Error(
        `nats-server did not start: ${reason}. Its log (${logFile}) ends:\n${await lastLines(logFile)}`,
        {
          cause,
        },
      );
    }
  }

  /** Sends the signal and waits until the process is gone; SIGKILL if it takes longer than 20 s. Idempotent. */
  async stop(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    this.#stopping = true;
    if (hasEnded(this.#child)) return;
    const gone = once(this.#child, "exit");
    this.#child.kill(signal);
    const force = setTimeout(() => this.#child.kill("SIGKILL"), 20_000);
    await gone;
    clearTimeout(force);
  }
}

/** The server writes its addresses to a file in `folder` when it listens. */
async function listeningAddress(child: ChildProcess, folder: string, timeoutMs: number): Promise<string> {
  const deadline = performance.now() + timeoutMs;
  while (performance.now() < deadline && child.pid !== undefined && !hasEnded(child)) {
    for (const name of await readdir(folder)) {
      const address = firstAddress(await readFile(join(folder, name), "utf8"));
      if (address !== undefined) return address;
    }
    await delay(5);
  }
  throw new Error(`it was not ready within ${timeoutMs} ms`);
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function firstAddress(portsFile: string): string | undefined {
  let ports: unknown;
  try {
    ports = JSON.parse(portsFile);
  } catch {
    return undefined; // half written: look again
  }
  const addresses: unknown = isJsonObject(ports) ? ports["nats"] : undefined;
  const first: unknown = Array.isArray(addresses) ? addresses[0] : undefined;
  return typeof first === "string" ? first : undefined;
}

async function lastLines(file: string): Promise<string> {
  const text = await readFile(file, "utf8").catch(() => "");
  return text.trimEnd().split("\n").slice(-8).join("\n");
}
