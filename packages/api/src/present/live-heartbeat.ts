import type { LiveHeartbeat } from "@upgrade-ledger/projections";
import type { LastHeartbeat } from "../view/last-heartbeats.ts";

/** A heartbeat as the status rests on it. */
export function liveHeartbeat({ receivedAt, heartbeat }: LastHeartbeat): LiveHeartbeat {
  return {
    instance_id: heartbeat.instance_id,
    received_at_ms: receivedAt,
    interval_ms: heartbeat.interval_ms,
  };
}
