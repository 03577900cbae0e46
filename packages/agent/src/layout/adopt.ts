// The running binary's own copy at its versioned path (spec §4, Layout).
import { constants } from "node:fs";
import { chmod, copyFile, mkdir, realpath, rename, rm } from "node:fs/promises";
import { dirname, join, basename } from "node:path";
import { sha256OfFile } from "./content.ts";
import { syncFile, syncFolder } from "./durable.ts";
import { LayoutError, layoutErrorFrom } from "./layout-error.ts";

/** Puts the bytes of `selfPath` at `versionedPath`, mode 0755, durably. Nothing is done where they are there already. */
export async function adoptBinary(selfPath: string, versionedPath: string): Promise<void> {
  try {
    const self = await realpath(selfPath);
    const wanted = await sha256OfFile(self);
    const present = await sha256OfFile(versionedPath);
    if (wanted === undefined) throw new LayoutError("layout_invalid", `${selfPath} is not a file`);
    if (present === wanted) return;
    if (present !== undefined) {
      throw new LayoutError(
        "version_conflict",
        `${versionedPath} holds other bytes (sha256 ${present}) than the running binary ${self} (${wanted}): ` +
          `going back to that version would start something else`,
      );
    }
    await copyDurably(self, versionedPath);
  } catch (error) {
    throw layoutErrorFrom(error, `Keeping the running binary at ${versionedPath}`);
  }
}

async function copyDurably(from: string, to: string): Promise<void> {
  const folder = dirname(to);
  const draft = join(folder, `.${basename(to)}.${process.pid}.adopt`);
  await mkdir(folder, { recursive: true, mode: 0o755 });
  try {
    await copyFile(from, draft, constants.COPYFILE_FICLONE);
    await chmod(draft, 0o755);
    await syncFile(draft);
    await rename(draft, to);
    await syncFolder(folder);
  } finally {
    await rm(draft, { force: true });
  }
}
