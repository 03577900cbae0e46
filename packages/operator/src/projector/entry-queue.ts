// Entries between the ledger, which hands them over one by one, and the projector, which takes all there are.
import type { LedgerEntry } from "@upgrade-ledger/contract";

const MAX_WAITING = 20_000;

export class EntryQueue {
  #waiting: LedgerEntry[] = [];
  #wake: () => void = () => undefined;
  #arrival: Promise<void>;
  #makeRoom: (() => void) | undefined;
  #closed = false;

  constructor() {
    this.#arrival = this.#nextArrival();
  }

  /** Adds an entry. A promise means: full, wait for it. */
  push(entry: LedgerEntry): void | Promise<void> {
    this.#waiting.push(entry);
    this.#wake();
    if (this.#waiting.length < MAX_WAITING) return;
    return new Promise((resolve) => {
      this.#makeRoom = resolve;
    });
  }

  /** Everything that waits, as soon as there is something; `undefined` once it is closed. */
  async take(): Promise<LedgerEntry[] | undefined> {
    while (this.#waiting.length === 0) {
      if (this.#closed) return undefined;
      await this.#arrival;
      this.#arrival = this.#nextArrival();
    }
    const taken = this.#waiting;
    this.#waiting = [];
    this.#makeRoom?.();
    this.#makeRoom = undefined;
    return taken;
  }

  /** Lets what waits be taken, then nothing more. Also to be used to wake up whoever waits. */
  close(): void {
    this.#closed = true;
    this.#wake();
    this.#makeRoom?.();
  }

  async #nextArrival(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
