// The device documents in this process's memory: loaded once, then kept by folding the ledger live. What observer and coordinator rest on.
import { DeviceId, type LedgerEntry } from "@upgrade-ledger/contract";
import type { Ledger } from "@upgrade-ledger/ledger";
import type { DeviceDocument, Projection } from "@upgrade-ledger/projections";
import type { Logger } from "pino";

/** States to begin with, and what they are valid for. */
export interface StartingPoint {
  readonly states: ReadonlyMap<string, DeviceDocument>;
  /** Last ledger sequence that all of them have taken in; 0: none. */
  readonly seq: number;
  /** The ledger's `created`, if known: another ledger under the same name is refused. */
  readonly created?: string | undefined;
}

export interface DeviceStatesOptions {
  readonly ledger: Ledger;
  readonly projection: Projection<DeviceDocument>;
  readonly start: StartingPoint;
  readonly log: Logger;
}

export type ChangeListener = (deviceId: DeviceId, document: DeviceDocument) => void;

export class DeviceStates {
  readonly #options: DeviceStatesOptions;
  readonly #documents: Map<string, DeviceDocument>;
  readonly #listeners = new Set<ChangeListener>();
  readonly #abort = new AbortController();
  #waiting: { readonly seq: number; readonly resolve: () => void }[] = [];
  #seq: number;
  #caughtUp = false;
  #following: Promise<void> = Promise.resolve();

  constructor(options: DeviceStatesOptions) {
    this.#options = options;
    this.#documents = new Map(options.start.states);
    this.#seq = options.start.seq;
  }

  /** Last ledger sequence that is folded. */
  get seq(): number {
    return this.#seq;
  }

  /** What the ledger says about a device. It is changed in place: copy what has to last. */
  get(deviceId: string): DeviceDocument | undefined {
    return this.#documents.get(deviceId);
  }

  /** All known devices. */
  *entries(): Iterable<[DeviceId, DeviceDocument]> {
    for (const [key, document] of this.#documents) yield [DeviceId.parse(key), document];
  }

  /** Calls `listener` after every event about a device, once the ledger has been caught up with. */
  onChange(listener: ChangeListener): void {
    this.#listeners.add(listener);
  }

  /**
   * Begins to follow the ledger. Resolves when everything that it held at the call is folded; rejects if that is impossible.
   * `onEnd` is called if the following breaks off later: the ledger was replaced, or the connection closed for good.
   */
  async catchUp(onEnd: (error: unknown) => void): Promise<void> {
    const { ledger, start, log } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#following = ledger
        .follow(
          {
            fromSeq: start.seq + 1,
            created: start.created,
            signal: this.#abort.signal,
            onCaughtUp: () => {
              this.#caughtUp = true;
              resolve();
            },
            onResume: (reason, fromSeq) => log.info({ reason, fromSeq }, "following the ledger anew"),
          },
          (entry) => this.#take(entry),
        )
        .catch((error: unknown) => {
          reject(error);
          if (this.#caughtUp && !this.#abort.signal.aborted) onEnd(error);
        })
        .finally(() => this.#release());
    });
  }

  /** Resolves when the event at `seq` is folded, or when the following has ended. */
  async reached(seq: number): Promise<void> {
    if (this.#seq >= seq || this.#abort.signal.aborted) return;
    await new Promise<void>((resolve) => {
      this.#waiting.push({ seq, resolve });
    });
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    this.#release();
    await this.#following;
  }

  #take(entry: LedgerEntry): void {
    const { projection } = this.#options;
    const key = projection.keyOf(entry);
    this.#seq = entry.seq;
    if (key !== undefined) {
      const document = this.#documents.get(key) ?? projection.initial(key);
      projection.evolve(document, entry);
      this.#documents.set(key, document);
      const deviceId = DeviceId.parse(key);
      if (this.#caughtUp) for (const listener of this.#listeners) listener(deviceId, document);
    }
    const due = this.#waiting.filter(({ seq }) => seq <= entry.seq);
    if (due.length === 0) return;
    this.#waiting = this.#waiting.filter(({ seq }) => seq > entry.seq);
    for (const { resolve } of due) resolve();
  }

  #release(): void {
    for (const { resolve } of this.#waiting.splice(0)) resolve();
  }
}
