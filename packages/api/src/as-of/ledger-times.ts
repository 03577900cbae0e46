import type { Ledger } from "@upgrade-ledger/ledger";

/** A mark is set after so many events. */
const EVERY = 1_000;

/** The latest ledger time among all events up to a sequence; it never falls, although ledger time may step back. */
interface Mark {
  readonly seq: number;
  readonly latestMs: number;
}

/** Where in the ledger a time lies. */
export interface TimePosition {
  /** The last sequence before the first event later than the time. */
  readonly seq: number;
  /** Whether there is such a later event: otherwise events that are still to come may change the answer. */
  readonly settled: boolean;
}

/**
 * Finds ledger sequences by time. The broker's own search takes for granted that time never steps back; this reads the
 * ledger through once, remembers a mark for every thousand events, and from then on reads only what is new.
 */
export class LedgerTimes {
  readonly #ledger: Pick<Ledger, "head" | "readRaw">;
  #created = "";
  #marks: Mark[] = [];
  #end: Mark = NOTHING;
  #reading: Promise<void> = Promise.resolve();

  constructor(ledger: Pick<Ledger, "head" | "readRaw">) {
    this.#ledger = ledger;
  }

  /** @throws the ledger's errors */
  async lastBefore(timeMs: number): Promise<TimePosition> {
    const turn = this.#reading.catch(() => undefined).then(() => this.#catchUp());
    this.#reading = turn;
    await turn;
    const end = this.#end;
    if (end.latestMs <= timeMs) return { seq: end.seq, settled: false };
    const before = this.#lastMarkUpTo(timeMs);
    const range = { fromSeq: before === undefined ? undefined : before.seq + 1, toSeq: end.seq };
    for await (const { seq, ledgerTime } of this.#ledger.readRaw(range)) {
      if (Date.parse(ledgerTime) > timeMs) return { seq: seq - 1, settled: true };
    }
    throw new Error(`the ledger no longer holds the event that is later than ${timeMs}`);
  }

  async #catchUp(): Promise<void> {
    const { created, firstSeq, lastSeq } = await this.#ledger.head();
    if (created !== this.#created) {
      this.#created = created;
      this.#marks = [];
      this.#end = { ...NOTHING, seq: firstSeq - 1 };
    }
    if (this.#end.seq >= lastSeq) return;
    const range = { fromSeq: this.#end.seq + 1, toSeq: lastSeq };
    for await (const { seq, ledgerTime } of this.#ledger.readRaw(range)) {
      this.#end = { seq, latestMs: Math.max(this.#end.latestMs, Date.parse(ledgerTime)) };
      if (seq % EVERY === 0) this.#marks.push(this.#end);
    }
  }

  /** The last mark up to which no event is later. */
  #lastMarkUpTo(timeMs: number): Mark | undefined {
    let [low, high] = [0, this.#marks.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#marks[middle]?.latestMs ?? 0) <= timeMs) low = middle + 1;
      else high = middle;
    }
    return this.#marks[low - 1];
  }
}

const NOTHING: Mark = { seq: 0, latestMs: Number.NEGATIVE_INFINITY };
