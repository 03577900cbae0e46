// One device's news, written to the ledger one after the other.

/** News of one device that wait to be written; more are dropped, and noticed again with the next heartbeat. */
export const MAX_QUEUED = 64;

export class DeviceQueue {
  readonly #jobs: (() => Promise<void>)[] = [];
  readonly #onError: (error: unknown) => void;
  readonly #onIdle: () => void;
  #running: Promise<void> | undefined;

  /** @param onIdle called whenever the last job is done */
  constructor(onError: (error: unknown) => void, onIdle: () => void) {
    this.#onError = onError;
    this.#onIdle = onIdle;
  }

  /** Whether it took the job. Jobs run in the order in which they came; one that fails is reported, and the next one runs. */
  push(job: () => Promise<void>): boolean {
    if (this.#jobs.length >= MAX_QUEUED) return false;
    this.#jobs.push(job);
    this.#running ??= this.#run();
    return true;
  }

  /** Resolves when nothing is under way; jobs that have not begun are dropped. */
  async drain(): Promise<void> {
    this.#jobs.length = 0;
    await this.#running;
  }

  async #run(): Promise<void> {
    for (let job = this.#jobs.shift(); job !== undefined; job = this.#jobs.shift()) {
      try {
        await job();
      } catch (error) {
        this.#onError(error);
      }
    }
    this.#running = undefined;
    this.#onIdle();
  }
}
