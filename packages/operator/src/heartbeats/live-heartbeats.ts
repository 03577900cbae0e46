// Heartbeats as they come in, live: a core subscription, so that nothing stored is ever taken for a sign of life (spec §5, condition 3).
import type { Msg, NatsConnection, Subscription } from "@nats-io/transport-node";
import { HEADERS, readHeartbeat, type ReadHeartbeat, subjects } from "@upgrade-ledger/contract";
import type { Logger } from "pino";
import type { Clock } from "../clock.ts";
import type { Moment } from "../coordinator/core/moment.ts";

export type HeartbeatListener = (heartbeat: ReadHeartbeat, at: Moment) => void;

export interface HeartbeatCounts {
  /** Read and handed on. */
  readonly received: number;
  /** Not heartbeats: see {@link readHeartbeat}. */
  readonly rejected: number;
}

export interface LiveHeartbeats {
  /** Calls `listener` for every heartbeat from now on, in the order of arrival. Returns how to stop that. */
  listen(listener: HeartbeatListener): () => void;
  counts(): HeartbeatCounts;
  stop(): void;
}

/**
 * Subscribes to all devices' heartbeats. Messages are stamped and handed on in the very callback in which they arrive, so that
 * none waits in a queue and then counts as younger than it is. The subscription outlives a reconnect; a lost link is only a gap.
 */
export function listenForHeartbeats(nc: NatsConnection, clock: Clock, log: Logger): LiveHeartbeats {
  const listeners = new Set<HeartbeatListener>();
  const counts = { received: 0, rejected: 0 };
  const handle = (error: Error | null, message: Msg): void => {
    if (error !== null) {
      log.error({ err: error }, "the subscription to heartbeats failed: nothing is observed any more");
      return;
    }
    const injected = message.headers?.has(HEADERS.stream) ?? false;
    const reading = readHeartbeat({ subject: message.subject, data: message.data, injected });
    if (!reading.ok) {
      counts.rejected += 1;
      log.debug({ subject: message.subject, detail: reading.detail }, "not a heartbeat");
      return;
    }
    counts.received += 1;
    const at = clock.now();
    for (const listener of listeners) listener(reading.heartbeat, at);
  };
  const subscription: Subscription = nc.subscribe(subjects.heartbeat(), { callback: handle });
  return {
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    counts: () => ({ ...counts }),
    stop: () => {
      if (!subscription.isClosed()) subscription.unsubscribe();
    },
  };
}
