// What is live beside the ledger: the last heartbeats of a device (spec §3.3, §6).
import { DEFAULTS } from "@upgrade-ledger/contract";

/** The last heartbeat of one instance, as the reader itself received it. */
export interface LiveHeartbeat {
  readonly instance_id: string;
  /** By the reader's clock, milliseconds since 1970. */
  readonly received_at_ms: number;
  /** As claimed and clamped (spec §5). */
  readonly interval_ms: number;
}

export interface TimingSettings {
  readonly offlineAfterIntervals: number;
  readonly stalledAfterMs: Readonly<Record<keyof typeof DEFAULTS.stalledAfterMs, number>>;
  readonly soakMs: number;
  readonly probationMs: number;
}

export const DEFAULT_TIMINGS: TimingSettings = DEFAULTS;

/** When the device goes offline unless another heartbeat comes, milliseconds since 1970; `-Infinity` without heartbeats. */
export function offlineAtMs(
  live: readonly LiveHeartbeat[],
  timings: Pick<TimingSettings, "offlineAfterIntervals"> = DEFAULT_TIMINGS,
): number {
  return Math.max(
    Number.NEGATIVE_INFINITY,
    ...live.map((beat) => beat.received_at_ms + timings.offlineAfterIntervals * beat.interval_ms),
  );
}
