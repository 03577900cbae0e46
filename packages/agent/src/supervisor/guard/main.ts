// fleet-agent-guard: the process supervisor for containers and the demo. A program of a fixed version, so that a broken
// agent cannot take it down (spec §4, Cutover).
import { mkdirSync } from "node:fs";
import { join, resolve as absolute } from "node:path";
import { GUARD_SOCKET } from "../guard-protocol.ts";
import { lockFolder } from "./folder-lock.ts";
import { Guard } from "./guard.ts";
import { parseGuardArguments, USAGE, UsageError } from "./arguments.ts";
import { keepLogsSmall } from "./log-folder.ts";
import { listen } from "./server.ts";

const GUARD_VERSION = "1.0.0";
/** A log that has grown larger is put aside as `….1`. */
const MAX_LOG_BYTES = 10 * 1024 * 1024;
const LOOK_AT_LOGS_MS = 30_000;

async function main(argv: readonly string[]): Promise<void> {
  const settings = parseGuardArguments(argv);
  if (settings.show === "help") return print(USAGE);
  if (settings.show === "version") return print(`fleet-agent-guard ${GUARD_VERSION}`);
  const stateDir = absolute(settings.stateDir);
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const lock = await lockFolder(stateDir);
  const guard = new Guard({
    ...settings,
    stateDir,
    configPath: absolute(settings.config),
    log: (line) => print(`${new Date().toISOString()} ${line}`),
  });
  let begin: () => void = noop;
  const ready = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const server = await listen({ path: join(stateDir, GUARD_SOCKET), guard, ready });
  const stop = (): void => {
    server.close();
    void guard.shutDown().then(() => {
      lock.close();
      process.exit(0);
    });
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
  await guard.start();
  begin();
  setInterval(() => tidyLogs(join(stateDir, "log")), LOOK_AT_LOGS_MS);
}

function tidyLogs(folder: string): void {
  try {
    keepLogsSmall(folder, MAX_LOG_BYTES);
  } catch (error) {
    print(`${folder}: ${String(error)}`);
  }
}

function noop(): void {}

// Nobody may be reading any more; that is no reason to leave the agents alone.
process.stdout.on("error", noop);
process.stderr.on("error", noop);

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`fleet-agent-guard: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(error instanceof UsageError ? 2 : 1);
});
