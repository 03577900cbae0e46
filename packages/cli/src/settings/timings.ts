import type { OperatorSettings } from "@upgrade-ledger/operator";
import type { TimingSettings } from "@upgrade-ledger/projections";
import type { Settings } from "./definitions.ts";

const stalledAfterMs = (settings: Settings): TimingSettings["stalledAfterMs"] => ({
  scheduled: Number.POSITIVE_INFINITY,
  requested: settings.stalled_requested_ms,
  draining: settings.stalled_draining_ms,
  staging: settings.stalled_staging_ms,
  verifying: settings.stalled_verifying_ms,
  "cutover-ready": settings.stalled_cutover_ready_ms,
  stopping: settings.stalled_stopping_ms,
});

/** What the operator needs of the settings. */
export function operatorSettings(settings: Settings): OperatorSettings {
  return {
    soakMs: settings.soak_ms,
    deadlineMs: settings.stop_deadline_ms,
    stopRetryAfterMs: settings.stop_retry_after_ms,
    maxStopAttempts: settings.max_stop_attempts,
    offlineAfterIntervals: settings.offline_after_intervals,
    stalledAfterMs: stalledAfterMs(settings),
  };
}

/** What the API needs of them, for status and `waiting_for`. */
export function apiTimings(settings: Settings): TimingSettings {
  return {
    offlineAfterIntervals: settings.offline_after_intervals,
    stalledAfterMs: stalledAfterMs(settings),
    soakMs: settings.soak_ms,
    probationMs: settings.probation_ms,
  };
}
