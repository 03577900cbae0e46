import { DeliverPolicy, jetstream, type JsMsg } from "@nats-io/jetstream";
import type { Msg, NatsConnection, Subscription } from "@nats-io/transport-node";
import { HEADERS, HEARTBEAT_STREAM, readHeartbeat, subjects } from "@upgrade-ledger/contract";
import { LastHeartbeats, type LastHeartbeat } from "./last-heartbeats.ts";

/** Called for each heartbeat that is news. `changed`: it says something else than the one before. */
export type HeartbeatListener = (deviceId: string, changed: boolean) => void;

/** The last heartbeat of each instance of each device: heard live, and at the start read from what the broker kept. */
export class Heartbeats {
  readonly #nc: NatsConnection;
  readonly #now: () => number;
  readonly #last = new LastHeartbeats();
  readonly #listener: HeartbeatListener;
  #subscription: Subscription | undefined;

  constructor(nc: NatsConnection, now: () => number, listener: HeartbeatListener) {
    this.#nc = nc;
    this.#now = now;
    this.#listener = listener;
  }

  /** Listens first and reads the stored ones then, so that none falls between. */
  async start(): Promise<void> {
    this.#subscription = this.#nc.subscribe(subjects.heartbeat(), {
      callback: (error, message) => {
        if (error === null) this.#hear(message, this.#now());
      },
    });
    const consumer = await jetstream(this.#nc).consumers.get(HEARTBEAT_STREAM, {
      deliver_policy: DeliverPolicy.LastPerSubject,
    });
    const { num_pending: pending } = await consumer.info(true);
    if (pending > 0) {
      const stored = await consumer.consume({ max_messages: 5_000, expires: 5_000, idle_heartbeat: 1_000 });
      for await (const message of stored) {
        this.#hear(message, Number(message.timestampNanos / 1_000_000n));
        if (message.info.pending === 0) break;
      }
    }
    await consumer.delete();
  }

  stop(): void {
    this.#subscription?.unsubscribe();
  }

  /** What the device's instances said last, the latest first. */
  of(deviceId: string, nowMs = this.#now()): readonly LastHeartbeat[] {
    return this.#last.of(deviceId, nowMs);
  }

  #hear({ subject, data, headers }: Msg | JsMsg, receivedAt: number): void {
    const reading = readHeartbeat({ subject, data, injected: headers?.has(HEADERS.stream) ?? false });
    if (!reading.ok) return;
    const news = this.#last.hear(reading.heartbeat, receivedAt);
    if (news !== "nothing") this.#listener(reading.heartbeat.device_id, news === "words");
  }
}
