// A KV bucket as the projector uses it: compare-and-set writes with headers, reads, and a scan of everything.
import {
  type JetStreamClient,
  JetStreamApiError,
  JetStreamError,
  type JetStreamManager,
  jetstreamManager,
} from "@nats-io/jetstream";
import { errors, type MsgHdrs, type NatsConnection } from "@nats-io/transport-node";
import { patiently } from "./patiently.ts";

/** One key's current value. A deleted key has `deleted` and keeps its revision. */
export interface StoredValue {
  readonly key: string;
  readonly revision: number;
  readonly headers: MsgHdrs;
  readonly data: Uint8Array;
  readonly deleted: boolean;
}

const WRONG_LAST_SEQUENCE = [10071, 10164];
const NOT_FOUND = 404;
const SCAN_BATCH = 500;
/** After so long without a message a batch is asked for again, milliseconds. */
const SCAN_STALL_MS = 5_000;
const OPERATION_HEADER = "KV-Operation";

export class Bucket {
  readonly #nc: NatsConnection;
  readonly #manager: JetStreamManager;
  readonly #js: JetStreamClient;
  readonly #stream: string;
  readonly #prefix: string;
  readonly #signal: AbortSignal;

  private constructor(nc: NatsConnection, manager: JetStreamManager, name: string, signal: AbortSignal) {
    this.#nc = nc;
    this.#manager = manager;
    this.#js = manager.jetstream();
    this.#stream = `KV_${name}`;
    this.#prefix = `$KV.${name}.`;
    this.#signal = signal;
  }

  /** Asks the server nothing. After the signal, whatever waits for the broker gives up. */
  static async open(nc: NatsConnection, name: string, signal: AbortSignal): Promise<Bucket> {
    return new Bucket(nc, await jetstreamManager(nc, { checkAPI: false }), name, signal);
  }

  /** Writes if the key is still at `expected` (0: not there); the new revision, or `undefined` if it is not. Waits out an absent broker. */
  async write(
    key: string,
    data: Uint8Array | string,
    headers: MsgHdrs | undefined,
    expected: number,
  ): Promise<number | undefined> {
    return this.#patiently(async () => {
      try {
        const acknowledgement = await this.#js.publish(`${this.#prefix}${key}`, data, {
          ...(headers === undefined ? {} : { headers }),
          expect: { lastSubjectSequence: expected },
        });
        return acknowledgement.seq;
      } catch (error) {
        if (error instanceof JetStreamApiError && WRONG_LAST_SEQUENCE.includes(error.code)) return undefined;
        throw error;
      }
    });
  }

  async read(key: string): Promise<StoredValue | undefined> {
    return this.#patiently(async () => {
      const message = await this.#manager.direct.getMessage(this.#stream, {
        last_by_subj: `${this.#prefix}${key}`,
      });
      return message === null ? undefined : this.#valueOf(message);
    });
  }

  /** Hands over every key that fits the filter (`>` for all), in the order in which they were last written. */
  async scan(filter: string, onValue: (value: StoredValue) => void): Promise<void> {
    let next = 1;
    for (;;) {
      const batch = await this.#batchFrom(next, filter);
      for (const message of batch) onValue(this.#valueOf(message));
      const last = batch.at(-1);
      if (last === undefined) return;
      next = last.seq + 1;
    }
  }

  async #batchFrom(seq: number, filter: string) {
    return this.#patiently(async () => {
      const found = [];
      try {
        const messages = await this.#manager.direct.getBatch(this.#stream, {
          seq,
          batch: SCAN_BATCH,
          next_by_subj: `${this.#prefix}${filter}`,
        });
        // The client waits for ever for a server that died meanwhile.
        let heardAt = 0;
        const watchdog = setInterval(() => {
          if (heardAt === found.length) messages.stop(new errors.TimeoutError());
          heardAt = found.length;
        }, SCAN_STALL_MS);
        try {
          for await (const message of messages) found.push(message);
        } finally {
          clearInterval(watchdog);
        }
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
      return found;
    });
  }

  #patiently<T>(ask: () => Promise<T>): Promise<T> {
    return patiently(ask, { signal: this.#signal, isOver: () => this.#nc.isClosed() });
  }

  #valueOf(message: {
    readonly subject: string;
    readonly seq: number;
    readonly header: MsgHdrs;
    readonly data: Uint8Array;
  }): StoredValue {
    return {
      key: message.subject.slice(this.#prefix.length),
      revision: message.seq,
      headers: message.header,
      data: message.data,
      deleted: message.header.has(OPERATION_HEADER),
    };
  }
}

/** The status of an empty batch; its class is not exported. */
function isNotFound(error: unknown): boolean {
  return error instanceof JetStreamError && "code" in error && error.code === NOT_FOUND;
}
