// A clock that only the test moves, so that "long enough" and "too short" are exact and nobody waits.
import type { Clock } from "../src/clock.ts";

export class ManualClock implements Clock {
  readonly #startedAt = Date.now();
  #ms = 0;

  now() {
    return { monotonicMs: this.#ms, time: new Date(this.#startedAt + this.#ms).toISOString() };
  }

  pass(ms: number): void {
    this.#ms += ms;
  }
}
