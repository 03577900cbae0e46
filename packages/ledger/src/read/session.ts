// One consumer's life within a following: from its creation until something ends it.
import type { Consumer, ConsumerMessages, ConsumerNotification, JsMsg } from "@nats-io/jetstream";
import { LedgerReplacedError } from "../errors.ts";
import type { Cursor } from "./cursor.ts";
import type { Delivery } from "./delivery.ts";
import { rawFromConsumer } from "./message.ts";
import type { LedgerHead, LedgerStream } from "./stream.ts";

export type SessionEnd =
  | { readonly kind: "aborted" }
  /** The caller is slow: go on when it has room. */
  | { readonly kind: "full" }
  /** Make another consumer. */
  | { readonly kind: "troubled"; readonly reason: string }
  | { readonly kind: "failed"; readonly error: unknown };

/**
 * `lastRead`: the cursor when the head was asked for. By the time the answer is here, later events may have been read.
 * @throws LedgerReplacedError when this is not the ledger that is being followed
 */
export type CheckHead = (head: LedgerHead, lastRead: number) => void;

export interface SessionOptions {
  readonly stream: LedgerStream;
  readonly cursor: Cursor;
  readonly delivery: Delivery;
  readonly deviceId: string | undefined;
  readonly signal: AbortSignal;
  readonly watchdogMs: number;
  readonly checkHead: CheckHead;
  /** Called when nothing is pending, again and again. */
  readonly onNothingPending: () => void;
}

/** Large pulls for speed; short expiry and heartbeats so that a dead server is noticed within seconds. */
const PULL = { max_messages: 5_000, expires: 5_000, idle_heartbeat: 1_000 } as const;

/** Runs one consumer from the cursor on. Resolves with what ended it; throws when it cannot be made. */
export async function runSession(options: SessionOptions): Promise<SessionEnd> {
  const { consumer, info } = await options.stream.consumer(
    { seq: options.cursor.last + 1 },
    options.deviceId,
  );
  options.cursor.consumerMade();
  if (info.num_pending === 0) options.onNothingPending();
  return new Session(consumer, options).run();
}

class Session {
  readonly #consumer: Consumer;
  readonly #options: SessionOptions;
  readonly #ended: Promise<SessionEnd>;
  #end: (end: SessionEnd) => void = () => undefined;
  #over = false;
  #lastAtWatch = -1;

  constructor(consumer: Consumer, options: SessionOptions) {
    this.#consumer = consumer;
    this.#options = options;
    this.#ended = new Promise((resolve) => {
      this.#end = (end) => {
        this.#over = true;
        resolve(end);
      };
    });
  }

  async run(): Promise<SessionEnd> {
    const { signal, delivery, stream, watchdogMs } = this.#options;
    const onAbort = () => this.#end({ kind: "aborted" });
    signal.addEventListener("abort", onAbort);
    if (signal.aborted) onAbort();
    delivery.onFailure(() => this.#failed());
    if (delivery.failure !== undefined) this.#failed();
    const unsubscribe = stream.reconnections.subscribe(() => this.#troubled("reconnected"));
    const watchdog = setInterval(() => void this.#watch(), watchdogMs);
    let messages: ConsumerMessages | undefined;
    try {
      messages = await this.#consumer.consume({ ...PULL, callback: (message) => this.#receive(message) });
      void messages.closed().then(() => this.#troubled("the consumer's subscription ended"));
      void this.#listen(messages);
      return await this.#ended;
    } finally {
      this.#over = true;
      clearInterval(watchdog);
      unsubscribe();
      signal.removeEventListener("abort", onAbort);
      messages?.stop();
      // The server would drop it by itself after a while: a failure here costs nothing.
      this.#consumer.delete().catch(() => undefined);
    }
  }

  #receive(message: JsMsg): void {
    if (this.#over) return;
    const { cursor, delivery } = this.#options;
    try {
      const step = cursor.advance(message.info);
      if (step === "lost") {
        this.#troubled("messages were lost on the way");
        return;
      }
      if (step === "take") delivery.push(rawFromConsumer(message));
      if (message.info.pending === 0) this.#options.onNothingPending();
    } catch (error) {
      this.#end({ kind: "failed", error });
      return;
    }
    if (!delivery.hasRoom) this.#end({ kind: "full" });
  }

  async #listen(messages: ConsumerMessages): Promise<void> {
    for await (const notification of messages.status()) {
      const reason = troubleIn(notification);
      if (reason !== undefined) this.#troubled(reason);
    }
  }

  /** Looks at the server itself: does it have more than came, and is it still the same ledger? */
  async #watch(): Promise<void> {
    const { cursor, stream, checkHead } = this.#options;
    const last = cursor.last;
    const quiet = last === this.#lastAtWatch;
    this.#lastAtWatch = last;
    try {
      const head = await stream.head();
      checkHead(head, last);
      if (!quiet || head.lastSeq <= last || cursor.last !== last) return;
      const { num_pending: pending, delivered } = await this.#consumer.info();
      if (cursor.last === last && (pending > 0 || delivered.stream_seq > last)) {
        this.#troubled(`nothing came although ${head.lastSeq - last} events are there`);
      }
    } catch (error) {
      if (error instanceof LedgerReplacedError) this.#end({ kind: "failed", error });
      else this.#troubled(error instanceof Error ? error.message : String(error));
    }
  }

  #troubled(reason: string): void {
    this.#end({ kind: "troubled", reason });
  }

  #failed(): void {
    this.#end({ kind: "failed", error: this.#options.delivery.failure?.error });
  }
}

/** Why a notification of the client means that this consumer is of no more use; `undefined` if it does not. */
function troubleIn(notification: ConsumerNotification): string | undefined {
  switch (notification.type) {
    case "heartbeats_missed":
      return "heartbeats of the consumer were missed";
    case "consumer_not_found":
    case "consumer_deleted":
      return "the consumer is gone from the server";
    case "stream_not_found":
      return "the ledger's stream was not found";
    case "no_responders":
      return "no server answers for the consumer";
    case "exceeded_limits":
      return "the consumer ran into a limit of the server";
    case "ordered_consumer_recreated":
    case "debug":
    case "discard":
    case "reset":
    case "next":
    case "heartbeat":
    case "flow_control":
    case "consumer_pinned":
    case "consumer_unpinned":
      return undefined;
  }
}
