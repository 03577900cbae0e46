/** Aborts what has shown no sign of life for a while (monotonic clock), or what the caller aborts. */
export class IdleWatch {
  readonly idleMs: number;
  readonly signal: AbortSignal;
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #expired = false;

  constructor(idleMs: number, outer: AbortSignal) {
    this.idleMs = idleMs;
    this.signal = AbortSignal.any([outer, this.#controller.signal]);
    this.#timer = setTimeout(() => {
      this.#expired = true;
      this.#controller.abort();
    }, idleMs);
  }

  /** Whether the time ran out, as opposed to the caller's abort. */
  get expired(): boolean {
    return this.#expired;
  }

  alive(): void {
    this.#timer.refresh();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
