// Handing entries to a caller one at a time, with bounded memory when the caller is slow.
import type { RawEntry } from "./message.ts";

/** What a follower does with an entry; a promise makes the next entry wait. */
export type Handler = (entry: RawEntry) => void | Promise<void>;

/** More entries than these waiting: the reader stops taking new ones … */
const HIGH_WATER = 5_000;
/** … until there are only so many. */
const LOW_WATER = 500;

/**
 * Calls the handler for each entry in order, never twice at a time. As long as it returns nothing it is called at once,
 * without a queue.
 */
export class Delivery {
  readonly #handle: Handler;
  readonly #signal: AbortSignal;
  #waiting: (RawEntry | (() => void))[] = [];
  #taken = 0;
  #running: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;
  #onFailure: () => void = () => undefined;
  #onRoom: () => void = () => undefined;

  constructor(handle: Handler, signal: AbortSignal) {
    this.#handle = handle;
    this.#signal = signal;
  }

  /** What the handler threw; nothing is handed over after that. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  /** Whether more entries may come now. */
  get hasRoom(): boolean {
    return this.#length < HIGH_WATER;
  }

  /** Tells of a failure, also of one that comes while nothing is being pushed. */
  onFailure(listener: () => void): void {
    this.#onFailure = listener;
  }

  push(entry: RawEntry): void {
    if (this.#failure !== undefined) return;
    if (this.#running !== undefined) {
      this.#waiting.push(entry);
      return;
    }
    try {
      const result = this.#handle(entry);
      if (result !== undefined) this.#running = this.#drain(result);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Calls `action` when everything pushed so far has been handled. */
  afterThese(action: () => void): void {
    if (this.#running === undefined) action();
    else this.#waiting.push(action);
  }

  /** Resolves when few enough entries wait, or no more will be handled. */
  async roomAgain(): Promise<void> {
    if (this.#running === undefined || this.#length <= LOW_WATER) return;
    await new Promise<void>((resolve) => {
      this.#onRoom = resolve;
    });
  }

  /** Resolves when the entry that is being handled is done. */
  async finished(): Promise<void> {
    await this.#running;
  }

  get #length(): number {
    return this.#waiting.length - this.#taken;
  }

  async #drain(first: Promise<void>): Promise<void> {
    try {
      await first;
      for (let next = this.#take(); next !== undefined; next = this.#take()) {
        if (typeof next === "function") next();
        else await this.#handle(next);
      }
    } catch (error) {
      this.#fail(error);
    }
    this.#running = undefined;
    this.#onRoom();
  }

  #take(): RawEntry | (() => void) | undefined {
    if (this.#signal.aborted) return undefined;
    const next = this.#waiting[this.#taken];
    if (next === undefined) return undefined;
    this.#taken += 1;
    if (this.#taken === this.#waiting.length || this.#taken > HIGH_WATER) {
      this.#waiting = this.#waiting.slice(this.#taken);
      this.#taken = 0;
    }
    if (this.#length <= LOW_WATER) this.#onRoom();
    return next;
  }

  #fail(error: unknown): void {
    this.#failure = { error };
    this.#onFailure();
  }
}
