// The lock of the active role, taken and given back as the procedure wants it.
import type { FileLock } from "./file-lock.ts";
import { tryLock } from "./file-lock.ts";

/** Keeps a lock as wanted: {@link settle} tries to get it, or lets go of it. */
export class RoleLock {
  readonly #path: string;
  #lock: FileLock | null = null;
  #settling: Promise<void> = Promise.resolve();

  constructor(path: string) {
    this.#path = path;
  }

  get held(): boolean {
    return this.#lock !== null;
  }

  /** Makes it so, as far as others let it; answers whether it is held now. */
  settle(wanted: boolean): Promise<boolean> {
    const next = this.#settling.then(async () => {
      if (wanted && this.#lock === null) this.#lock = await tryLock(this.#path);
      if (!wanted && this.#lock !== null) {
        this.#lock.release();
        this.#lock = null;
      }
      return this.held;
    });
    this.#settling = next.then(
      () => undefined,
      () => undefined,
    );
    return next;
  }
}
