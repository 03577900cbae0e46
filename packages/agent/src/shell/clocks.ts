// The agent's two clocks: the ticks of the procedure, and the readings of the device's commands when no doorbell rings.

/** Time between two ticks, ms: while something waits for time to pass, and otherwise. */
const TICK_MS = { busy: 200, idle: 1_000 };

export interface ClocksOptions {
  readonly busy: () => boolean;
  readonly onTick: () => void;
  readonly rereadMs: number;
  readonly onReread: () => void;
}

export class Clocks {
  readonly #options: ClocksOptions;
  #ticker: NodeJS.Timeout | undefined;
  #rereader: NodeJS.Timeout | undefined;

  constructor(options: ClocksOptions) {
    this.#options = options;
  }

  start(): void {
    this.#tickLater();
    this.#rereadLater();
  }

  stop(): void {
    clearTimeout(this.#ticker);
    clearTimeout(this.#rereader);
  }

  #tickLater(): void {
    const { busy, idle } = TICK_MS;
    this.#ticker = setTimeout(
      () => {
        this.#options.onTick();
        this.#tickLater();
      },
      this.#options.busy() ? busy : idle,
    );
  }

  /** Up to a fifth later at random, so that a fleet does not ask in step. */
  #rereadLater(): void {
    this.#rereader = setTimeout(
      () => {
        this.#options.onReread();
        this.#rereadLater();
      },
      this.#options.rereadMs * (1 + Math.random() / 5),
    );
  }
}
