import type { Ledger } from "@upgrade-ledger/ledger";
import type { FastifyBaseLogger } from "fastify";

/** Knows the ledger's last sequence without asking for it each time. */
export class LedgerHeadWatch {
  readonly #ledger: Ledger;
  readonly #log: FastifyBaseLogger;
  readonly #end = new AbortController();
  #following: Promise<void> = Promise.resolve();
  #seq = 0;

  constructor(ledger: Ledger, log: FastifyBaseLogger) {
    this.#ledger = ledger;
    this.#log = log;
  }

  /** Sequence of the last event; 0 while there is none. */
  get seq(): number {
    return this.#seq;
  }

  async start(): Promise<void> {
    const { lastSeq } = await this.#ledger.head();
    this.#seq = lastSeq;
    const options = { fromSeq: lastSeq + 1, signal: this.#end.signal };
    this.#following = this.#ledger
      .followRaw(options, ({ seq }) => {
        this.#seq = seq;
      })
      .catch((error: unknown) => this.#log.error({ err: error }, "following the ledger's head ended"));
  }

  /** Takes note of an event that this process has just stored. */
  saw(seq: number): void {
    if (seq > this.#seq) this.#seq = seq;
  }

  async stop(): Promise<void> {
    this.#end.abort();
    await this.#following;
  }
}
