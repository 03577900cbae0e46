// The temporary file that a download grows in, kept between attempts so that the next one can resume.
import { open, readdir, rm, stat, truncate } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { errnoOf } from "../layout/layout-error.ts";
import type { SourceStream } from "./source.ts";
import { StagingError } from "./staging-error.ts";

export interface Progress {
  readonly doneBytes: number;
  readonly totalBytes: number;
}

const SUFFIX = ".partial";

/** Beside the final place, hidden, and named after the wanted content: another artifact never resumes in it. */
export function partialPath(finalPath: string, sha256: string): string {
  return join(dirname(finalPath), `.${basename(finalPath)}.${sha256.slice(0, 8)}${SUFFIX}`);
}

/** Bytes on disk to resume behind; 0 where there are none, or too many (which are thrown away). */
export async function resumableBytes(path: string, sizeBytes: number): Promise<number> {
  try {
    const { size } = await stat(path);
    if (size <= sizeBytes) return size;
    await rm(path);
    return 0;
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return 0;
    throw error;
  }
}

/** Removes what downloads of other artifacts left behind. */
export async function removeOtherPartials(path: string): Promise<void> {
  const folder = dirname(path);
  for (const name of await readdir(folder)) {
    const isOther = name.startsWith(".fleet-agent-v") && name.endsWith(SUFFIX) && name !== basename(path);
    if (isOther) await rm(join(folder, name), { force: true });
  }
}

/**
 * Appends a source's bytes to the partial file. What has arrived stays on disk when the source breaks off.
 * @throws StagingError of the source; `size_mismatch` for more bytes than `sizeBytes`; `download_failed` for fewer
 */
export async function appendStream(
  path: string,
  stream: SourceStream,
  sizeBytes: number,
  onProgress: (progress: Progress) => void,
): Promise<void> {
  const handle = await open(path, "a", 0o600);
  let doneBytes = stream.startsAt;
  try {
    await truncate(path, doneBytes);
    for await (const chunk of stream.chunks) {
      if (doneBytes + chunk.length > sizeBytes) {
        throw new StagingError(
          "size_mismatch",
          false,
          `more came than the ${sizeBytes} bytes that the artifact says`,
        );
      }
      await handle.appendFile(chunk);
      doneBytes += chunk.length;
      onProgress({ doneBytes, totalBytes: sizeBytes });
    }
  } finally {
    await handle.close();
  }
  if (doneBytes < sizeBytes)
    throw new StagingError("download_failed", true, `broke off after ${doneBytes} of ${sizeBytes} bytes`);
}
