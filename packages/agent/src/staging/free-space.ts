import { statfs } from "node:fs/promises";
import { StagingError } from "./staging-error.ts";

/** Room that must remain beside two copies of the artifact, bytes (spec §4, Staging). */
const MARGIN_BYTES = 64 * 1024 * 1024;

/** @throws StagingError `disk_full` when the file system of `folder` has less than 2 × `sizeBytes` + 64 MiB free */
export async function requireFreeSpace(folder: string, sizeBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const needed = 2 * sizeBytes + MARGIN_BYTES;
  if (free >= needed) return;
  throw new StagingError(
    "disk_full",
    false,
    `${folder} has ${mebibytes(free)} MiB free; staging needs ${mebibytes(needed)} MiB (2 × the artifact + 64 MiB)`,
  );
}

function mebibytes(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(1);
}
