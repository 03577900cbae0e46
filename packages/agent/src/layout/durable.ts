// What makes a change to a folder survive a power cut.
import { open } from "node:fs/promises";

/** Makes the names in `folder` (created, renamed, removed) reach the disk. */
export async function syncFolder(folder: string): Promise<void> {
  await syncPath(folder);
}

/** Makes the content of `file` reach the disk. */
export async function syncFile(file: string): Promise<void> {
  await syncPath(file);
}

async function syncPath(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
