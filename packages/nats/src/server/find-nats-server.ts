import { execFile } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

import { projectPath } from "../project-files.ts";

/** The oldest server whose atomic batches recognise duplicates (spec §9). */
export const MINIMUM_NATS_SERVER_VERSION = "2.12.1";

export interface NatsServerBinary {
  readonly path: string;
  readonly version: string;
}

/**
 * Finds a nats-server: `NATS_SERVER_BIN`, then `PATH`, then the one that set-up brought into `.cache/nats-server`.
 * One that is too old is passed over, except where `NATS_SERVER_BIN` names it: then that is the error.
 *
 * @throws Error that says what to install when there is none.
 */
export async function findNatsServer(env: NodeJS.ProcessEnv = process.env): Promise<NatsServerBinary> {
  const named = env["NATS_SERVER_BIN"];
  if (named) return requireUsable(named, "NATS_SERVER_BIN");

  const seen: string[] = [];
  const candidates = (env["PATH"] ?? "")
    .split(delimiter)
    .filter((folder) => folder !== "")
    .map((folder) => join(folder, "nats-server"));
  candidates.push(projectPath(".cache", "nats-server", "nats-server"));
  for (const path of candidates) {
    if (!(await isExecutable(path))) continue;
    const version = await versionOf(path).catch(() => undefined);
    if (version !== undefined && isRecentEnough(version)) return { path, version };
    seen.push(`${path} (${version ?? "does not run"})`);
  }
  const passedOver = seen.length > 0 ? ` Passed over: ${seen.join(", ")}.` : "";
  throw new Error(
    `No nats-server of version ${MINIMUM_NATS_SERVER_VERSION} or newer was found.${passedOver} ` +
      "Run `npm run setup`, which brings one, or install one from https://github.com/nats-io/nats-server/releases and put it on PATH or name it in NATS_SERVER_BIN.",
  );
}

/** Checks one binary that somebody named. @throws Error that names `source` and what is wrong. */
export async function requireUsable(path: string, source: string): Promise<NatsServerBinary> {
  let version: string;
  try {
    version = await versionOf(path);
  } catch (cause) {
    throw new Error(`${source} names ${path}, which does not run as a nats-server.`, { cause });
  }
  if (!isRecentEnough(version)) {
    throw new Error(
      `${source} names ${path}, which is nats-server ${version}; ${MINIMUM_NATS_SERVER_VERSION} or newer is needed.`,
    );
  }
  return { path, version };
}

/** Whether `version` (`2.15.1`) is at least {@link MINIMUM_NATS_SERVER_VERSION}. A pre-release counts as its release. */
function isRecentEnough(version: string): boolean {
  const wanted = numbers(MINIMUM_NATS_SERVER_VERSION);
  const given = numbers(version);
  for (const [index, part] of wanted.entries()) {
    const difference = (given[index] ?? 0) - part;
    if (difference !== 0) return difference > 0;
  }
  return true;
}

function numbers(version: string): number[] {
  return version.split(/[.+-]/).slice(0, 3).map(Number);
}

async function versionOf(path: string): Promise<string> {
  const { stdout } = await promisify(execFile)(path, ["--version"], { timeout: 10_000 });
  const version = /nats-server: v(\d+\.\d+\.\d+\S*)/.exec(stdout)?.[1];
  if (version === undefined) throw new Error(`unexpected answer to --version: ${stdout.slice(0, 200)}`);
  return version;
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
