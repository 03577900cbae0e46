// Default timings (spec §4, table). All are settings; units are in the names.
export const DEFAULTS = {
  heartbeatIntervalMs: 10_000,
  /** A device is offline after this many of its intervals without a heartbeat. */
  offlineAfterIntervals: 3,
  heartbeatTimeoutMs: 60_000,
  drainTimeoutMs: 300_000,
  stagingDeadlineMs: 7_200_000,
  stagingBackoffMs: { min: 1_000, max: 300_000 },
  selfTestTimeoutMs: 30_000,
  stopDeadlineMs: 30_000,
  /** A stop is issued again after its deadline and this. */
  stopRetryAfterMs: 30_000,
  maxStopAttempts: 5,
  soakMs: 15_000,
  probationMs: 3_600_000,
  confirmTimeoutMs: 1_800_000,
  stalledAfterMs: {
    scheduled: Number.POSITIVE_INFINITY,
    requested: 600_000,
    draining: 600_000,
    staging: 7_800_000,
    verifying: 120_000,
    "cutover-ready": 600_000,
    stopping: 120_000,
  },
} as const;
