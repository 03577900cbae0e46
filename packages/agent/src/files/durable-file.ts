// Whole files that survive a power cut.
import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { syncFolder } from "../layout/durable.ts";
import { errnoOf } from "../layout/layout-error.ts";

/**
 * Replaces a file whole: write beside it, fsync, rename, fsync of the folder. After a crash at any moment the old or the
 * new content is there, and after it has answered, the new one. Makes the folder if need be (0700).
 */
export async function writeDurably(path: string, data: string | Uint8Array): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}.new`;
  const handle = await open(draft, "w", 0o600);
  try {
    await handle.writeFile(data);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, path);
  await syncFolder(folder);
}

/** Removes a file for good; one that is not there is no error. */
export async function removeDurably(path: string): Promise<void> {
  await rm(path, { force: true });
  await syncFolder(dirname(path)).catch((error: unknown) => {
    if (errnoOf(error) !== "ENOENT") throw error;
  });
}

/** The file's bytes; `undefined` when there is none. */
export async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}
