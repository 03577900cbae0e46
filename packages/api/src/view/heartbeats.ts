import { DeliverPolicy, jetstream, type JsMsg } from "@nats-io/jetstream";
import type { Msg, NatsConnection, Subscription } from "@nats-io/transport-node";
import {
  HEADERS,
  HEARTBEAT_STREAM,
  readHeartbeat,
  subjects,
  type ReadHeartbeat,
} from "@upgrade-ledger/contract";

/** The last heartbeat of one instance, as it was received. */
export interface LastHeartbeat {
  readonly receivedAt: number;
  readonly heartbeat: ReadHeartbeat;
}

/** Instances that have been silent for longer are forgotten: they are gone. */
const FORGOTTEN_AFTER_MS = 3_600_000;

/** The last heartbeat of each instance of each device: heard live, and at the start read from what the broker kept. */
export class Heartbeats {
  readonly #nc: NatsConnection;
  readonly #now: () => number;
  readonly #devices = new Map<string, Map<string, LastHeartbeat>>();
  #subscription: Subscription | undefined;

  constructor(nc: NatsConnection, now: () => number) {
    this.#nc = nc;
    this.#now = now;
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
  of(deviceId: string): LastHeartbeat[] {
    const instances = this.#devices.get(deviceId);
    if (instances === undefined) return [];
    const oldest = this.#now() - FORGOTTEN_AFTER_MS;
    for (const [id, { receivedAt }] of instances) if (receivedAt < oldest) instances.delete(id);
    return [...instances.values()].toSorted((a, b) => b.receivedAt - a.receivedAt);
  }

  #hear({ subject, data, headers }: Msg | JsMsg, receivedAt: number): void {
    const reading = readHeartbeat({ subject, data, injected: headers?.has(HEADERS.stream) ?? false });
    if (!reading.ok) return;
    const { heartbeat } = reading;
    let instances = this.#devices.get(heartbeat.device_id);
    if (instances === undefined) this.#devices.set(heartbeat.device_id, (instances = new Map()));
    const before = instances.get(heartbeat.instance_id);
    if (before === undefined || before.receivedAt <= receivedAt) {
      instances.set(heartbeat.instance_id, { receivedAt, heartbeat });
    }
  }
}
