import {
  DeliverPolicy,
  jetstream,
  jetstreamManager,
  type ConsumerMessages,
  type JetStreamManager,
  type JsMsg,
} from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";

/** What becomes of a bucket's entries. Keys are without the bucket's subject prefix. */
export interface BucketListener {
  put(key: string, data: Uint8Array, revision: number): void;
  remove(key: string): void;
}

export interface BucketMirrorOptions {
  readonly nc: NatsConnection;
  readonly bucket: string;
  readonly listener: BucketListener;
  /** Called when following broke off; it begins anew by itself. */
  readonly onInterrupted: (error: unknown) => void;
}

const OPERATION = "KV-Operation";
const RETRY_MS = 1_000;
/** Settings under which an ordered pull reader comes back soon after the server was killed. */
const PULL = { max_messages: 5_000, expires: 5_000, idle_heartbeat: 1_000 };

/**
 * Follows a KV bucket: first every present entry, then each change, until it is stopped. An ordered pull consumer
 * instead of the client's watcher: that one gives no sign when an empty bucket is loaded, marks the last initial
 * entry as an update, and does not come back when its consumer is gone.
 */
export class BucketMirror {
  readonly #options: BucketMirrorOptions;
  readonly #prefix: string;
  readonly #manager: Promise<JetStreamManager>;
  readonly #known = new Set<string>();
  #messages: ConsumerMessages | undefined;
  #retry: NodeJS.Timeout | undefined;
  #stopped = false;
  #loaded = false;
  #delivered = 0;
  readonly #waiting = new Set<() => void>();
  #announceLoaded: () => void = () => undefined;
  readonly #whenLoaded: Promise<void>;

  constructor(options: BucketMirrorOptions) {
    this.#options = options;
    this.#prefix = `$KV.${options.bucket}.`;
    this.#manager = jetstreamManager(options.nc, { checkAPI: false });
    this.#whenLoaded = new Promise((resolve) => {
      this.#announceLoaded = resolve;
    });
  }

  /** Whether every entry that was there at the start has been delivered. */
  get loaded(): boolean {
    return this.#loaded;
  }

  /** Begins, and answers when the first load is complete. @throws the client's error when the bucket cannot be read */
  async start(): Promise<void> {
    void this.#reloadOnReconnection();
    await this.#follow();
    await this.#whenLoaded;
  }

  /** Whether everything that is in the bucket at the call has been delivered, waiting for it up to the given time. */
  async settled(withinMs: number): Promise<boolean> {
    const { state } = await (await this.#manager).streams.info(`KV_${this.#options.bucket}`);
    const isSettled = (): boolean => this.#delivered >= state.last_seq;
    if (isSettled()) return true;
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve(isSettled());
      };
      const look = (): void => {
        if (isSettled()) end();
      };
      const timer = setTimeout(end, withinMs);
      this.#waiting.add(look);
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#retry);
    await this.#messages?.close();
  }

  async #follow(): Promise<void> {
    const consumer = await jetstream(this.#options.nc).consumers.get(`KV_${this.#options.bucket}`, {
      deliver_policy: DeliverPolicy.LastPerSubject,
    });
    const load = new Set<string>();
    const { num_pending: pending } = await consumer.info(true);
    if (pending === 0) this.#endOfLoad(load);
    let loading = pending > 0;
    this.#messages = await consumer.consume({
      ...PULL,
      callback: (message) => {
        const key = message.subject.slice(this.#prefix.length);
        this.#apply(key, message);
        this.#delivered = message.seq;
        for (const look of this.#waiting) look();
        if (!loading) return;
        load.add(key);
        if (message.info.pending > 0) return;
        loading = false;
        this.#endOfLoad(load);
      },
    });
    void this.#beginAnewWhenEnded(this.#messages);
  }

  #apply(key: string, message: JsMsg): void {
    const operation = message.headers?.get(OPERATION) ?? "";
    if (operation === "DEL" || operation === "PURGE") {
      this.#known.delete(key);
      this.#options.listener.remove(key);
      return;
    }
    this.#known.add(key);
    // A copy: the client's buffer holds many messages, and would be kept as long as one of them.
    this.#options.listener.put(key, message.data.slice(), message.seq);
  }

  /** Entries that a new load no longer has were removed while nobody was listening. */
  #endOfLoad(load: ReadonlySet<string>): void {
    for (const key of [...this.#known].filter((known) => !load.has(known))) {
      this.#known.delete(key);
      this.#options.listener.remove(key);
    }
    this.#loaded = true;
    this.#announceLoaded();
  }

  /**
   * A server that was killed may have lost the newest entries of these buckets (`persist_mode: async`), and then gives
   * their sequences to others: going on after the last sequence would miss those. So everything is loaded again.
   */
  async #reloadOnReconnection(): Promise<void> {
    for await (const { type } of this.#options.nc.status()) {
      if (this.#stopped) return;
      if (type === "reconnect") await this.#messages?.close();
    }
  }

  async #beginAnewWhenEnded(messages: ConsumerMessages): Promise<void> {
    const error = await messages.closed();
    if (this.#stopped || this.#options.nc.isClosed()) return;
    if (error === undefined) {
      await this.#again();
      return;
    }
    this.#options.onInterrupted(error);
    this.#retry = setTimeout(() => void this.#again(), RETRY_MS);
  }

  async #again(): Promise<void> {
    if (this.#stopped || this.#options.nc.isClosed()) return;
    try {
      await this.#follow();
    } catch (error) {
      this.#options.onInterrupted(error);
      this.#retry = setTimeout(() => void this.#again(), RETRY_MS);
    }
  }
}
