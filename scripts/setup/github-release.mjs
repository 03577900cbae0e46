import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { run, SetupError } from "./progress.mjs";

/** How long the release page may take to answer, before the next way is tried. */
const ANSWER_WITHIN_MS = 5_000;
const DOWNLOAD_WITHIN_MS = 120_000;

/**
 * Fetches an archive of a release, checks it against the release's SHA256SUMS, and unpacks one file of it.
 * Answers the file's path below `folder`.
 * @throws SetupError when it can't be reached or its checksum is wrong
 */
export async function githubReleaseFile({ release, archive, file, folder }) {
  const sums = await fetchBytes(`${release}/SHA256SUMS`, ANSWER_WITHIN_MS);
  const line = sums
    .toString("utf8")
    .split("\n")
    .map((text) => text.trim().split(/\s+\*?/))
    .find(([, name]) => name === archive);
  if (!line) throw new SetupError(`${release}/SHA256SUMS does not list ${archive}`);
  const bytes = await fetchBytes(`${release}/${archive}`, DOWNLOAD_WITHIN_MS);
  const digest = createHash("sha256").update(bytes).digest("hex");
  if (digest !== line[0])
    throw new SetupError(`${archive} has SHA-256 ${digest}, and should have ${line[0]}`);
  const archivePath = join(folder, archive);
  await writeFile(archivePath, bytes);
  await run("tar", ["-xzf", archivePath, "-C", folder, file]);
  return join(folder, file);
}

async function fetchBytes(url, timeoutMs) {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
    if (!response.ok) throw new SetupError(`${url} answers ${response.status}`);
    return Buffer.from(await response.arrayBuffer());
  } catch (error) {
    if (error instanceof SetupError) throw error;
    const reason = error.cause?.code ?? error.name;
    throw new SetupError(`${url} can't be reached (${reason})`, { cause: error });
  }
}
