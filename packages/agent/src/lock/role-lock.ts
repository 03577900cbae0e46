// The lock of the active role, taken and given back as the procedure wants it.
import type { FileLock } from "./file-lock.ts";
import { tryLock } from "./file-lock.ts";

/** Keeps a lock as wanted: {@link settle} tries to get it, or lets go of it. */
export class RoleLock {
  readonly #path: string;
  #lock: FileLock | null = null;
  #settling: Promise<unknown> = Promise.resolve();

  constructor(path: string) {
    this.#path = path;
  }

  get held(): boolean {
    return this.#lock !== null;
  }

  /** Makes it so, as far as others let it; answers whether that changed anything. */
  settle(wanted: boolean): Promise<boolean> {
    const before = this.#settling;
    const next = this.#settleAfter(before, wanted);
    this.#settling = next.catch(() => false);
    return next;
  }

  async #settleAfter(before: Promise<unknown>, wanted: boolean): Promise<boolean> {
    await before;
    if (wanted === this.held) return false;
    if (this.#lock === null) {
      this.#lock = await tryLock(this.#path);
      return this.#lock !== null;
    }
    this.#lock.release();
    this.#lock = null;
    return true;
  }
}
