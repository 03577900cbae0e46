// Lock files that the kernel frees when their holder dies (spec §4, Who acts).
import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";

/** A held lock. It is free again after {@link release}, or when this process ends, however it ends. */
export interface FileLock {
  release(): void;
}

/** What `flock -n` exits with when another has the lock. */
const TAKEN = 1;

/**
 * Takes the lock file, or answers `null` when another process has it.
 *
 * Node has no flock(2). The lock belongs to an *open file*, which a child shares that inherits it: so the file is opened
 * here, the `flock` program (util-linux or busybox) locks it through the inherited descriptor and ends, and the lock
 * stays with this process's descriptor until that is closed.
 *
 * @throws Error when the `flock` program is missing or the file cannot be opened
 */
export async function tryLock(path: string): Promise<FileLock | null> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  // A plain number: a FileHandle that nobody refers to would be closed by the garbage collector.
  const descriptor = openSync(path, "a", 0o600);
  const code = await flock(descriptor).catch((error: unknown) => {
    closeSync(descriptor);
    throw error;
  });
  if (code === 0) return { release: () => closeSync(descriptor) };
  closeSync(descriptor);
  if (code === TAKEN) return null;
  throw new Error(`The flock program ended with ${code ?? "a signal"} for ${path}`);
}

function flock(descriptor: number): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const child = spawn("flock", ["-x", "-n", "3"], { stdio: ["ignore", "ignore", "ignore", descriptor] });
    child.once("exit", resolve);
    child.once("error", (cause) => {
      reject(
        new Error("The flock program cannot be run; it is part of util-linux and of busybox", { cause }),
      );
    });
  });
}
