// Where a reader is, and whether what comes next may follow.
import type { DeliveryInfo } from "@nats-io/jetstream";
import { LedgerGapError } from "../errors.ts";

/** What to do with a delivered message: take it, drop it (already had), or make the consumer anew (some were lost on the way). */
export type Step = "take" | "drop" | "lost";

/**
 * The position of one reader over all its consumers: the last sequence that it took. Without a filter the ledger's
 * sequences follow one another without a gap, and one that does not is an error of the ledger (spec G12).
 */
export class Cursor {
  #last: number;
  #anywhere: boolean;
  #delivered = 0;
  readonly #filtered: boolean;

  /** @param fromSeq the first sequence wanted; `undefined`: whichever comes first (reading from a time). */
  constructor(fromSeq: number | undefined, filtered: boolean) {
    this.#last = (fromSeq ?? 1) - 1;
    this.#anywhere = fromSeq === undefined;
    this.#filtered = filtered;
  }

  /** The last sequence taken; the one before the first wanted where none has been. */
  get last(): number {
    return this.#last;
  }

  /** Whether the place to begin is still to be found. */
  get anywhere(): boolean {
    return this.#anywhere;
  }

  /** A new consumer counts its deliveries from 1. */
  consumerMade(): void {
    this.#delivered = 0;
  }

  /** @throws LedgerGapError when the ledger itself has a hole */
  advance(delivery: Pick<DeliveryInfo, "deliverySequence" | "streamSequence">): Step {
    const { deliverySequence, streamSequence: seq } = delivery;
    if (deliverySequence !== this.#delivered + 1) return "lost";
    this.#delivered = deliverySequence;
    if (seq <= this.#last) return "drop";
    if (!this.#filtered && !this.#anywhere && seq !== this.#last + 1) {
      throw new LedgerGapError(this.#last + 1, seq);
    }
    this.#anywhere = false;
    this.#last = seq;
    return "take";
  }
}
