import { execFile } from "node:child_process";
import { access, constants, mkdir, rename, rm } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";

import { debianPackageFile } from "./debian-package.mjs";
import { githubReleaseFile } from "./github-release.mjs";
import { step, SetupError } from "./progress.mjs";
import { projectPath } from "./project.mjs";
import { isAtLeast } from "./versions.mjs";

const MINIMUM = "2.12.1";
/** What is fetched from the project's release page. Any newer one that is already there serves as well. */
const RELEASE = "2.15.1";
const CACHED = projectPath(".cache", "nats-server", "nats-server");

/**
 * Finds a nats-server as the service will (`NATS_SERVER_BIN`, `PATH`, `.cache/nats-server`), or brings one into the
 * cache: the official release with its checksum, else the package of Debian's newest suites, verified by apt.
 * @throws SetupError that says what to install
 */
export async function ensureNatsServer() {
  const named = process.env.NATS_SERVER_BIN;
  if (named) {
    const version = await versionOf(named);
    if (version !== undefined && isAtLeast(version, MINIMUM)) return named;
    throw new SetupError(
      `NATS_SERVER_BIN names ${named}, which ${version ? `is version ${version}` : "does not run as a nats-server"}; ${MINIMUM} or newer is needed.`,
    );
  }
  const found = await firstUsable([...pathCandidates(), CACHED]);
  return found ?? step("Bringing nats-server", bring);
}

async function bring() {
  const reasons = [];
  for (const { origin, fetchTo } of [
    { origin: "its release page", fetchTo: fromRelease },
    { origin: "Debian", fetchTo: fromDebian },
  ]) {
    const draft = join(dirname(CACHED), `new-${process.pid}`);
    try {
      await mkdir(draft, { recursive: true });
      const binary = await fetchTo(draft);
      const version = await versionOf(binary);
      if (version === undefined || !isAtLeast(version, MINIMUM))
        throw new SetupError(`it brought version ${version ?? "unknown"}`);
      await rename(binary, CACHED);
      return CACHED;
    } catch (error) {
      if (!(error instanceof SetupError)) throw error;
      reasons.push(`  from ${origin}: ${error.message}`);
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
  }
  throw new SetupError(
    `A nats-server of version ${MINIMUM} or newer is needed, and none could be found or brought:\n${reasons.join("\n")}\n` +
      "Install one from https://github.com/nats-io/nats-server/releases and put it on PATH, or name it in NATS_SERVER_BIN.",
  );
}

async function fromRelease(folder) {
  const platform = { linux: "linux", darwin: "darwin" }[process.platform];
  const architecture = { x64: "amd64", arm64: "arm64" }[process.arch];
  if (!platform || !architecture)
    throw new SetupError(`there is none for ${process.platform} on ${process.arch}`);
  const name = `nats-server-v${RELEASE}-${platform}-${architecture}`;
  return githubReleaseFile({
    release: `https://github.com/nats-io/nats-server/releases/download/v${RELEASE}`,
    archive: `${name}.tar.gz`,
    file: `${name}/nats-server`,
    folder,
  });
}

async function fromDebian(folder) {
  return debianPackageFile({
    package: "nats-server",
    suites: ["forky", "sid"],
    accepts: (version) => isAtLeast(version, MINIMUM),
    file: "usr/sbin/nats-server",
    folder,
  });
}

function pathCandidates() {
  return (process.env.PATH ?? "")
    .split(delimiter)
    .filter((folder) => folder !== "")
    .map((folder) => join(folder, "nats-server"));
}

async function firstUsable(candidates) {
  for (const path of candidates) {
    const version = await versionOf(path);
    if (version !== undefined && isAtLeast(version, MINIMUM)) return path;
  }
  return undefined;
}

async function versionOf(path) {
  try {
    await access(path, constants.X_OK);
    const { stdout } = await promisify(execFile)(path, ["--version"], { timeout: 10_000 });
    return /nats-server: v(\d+\.\d+\.\d+)/.exec(stdout)?.[1];
  } catch {
    return undefined;
  }
}
