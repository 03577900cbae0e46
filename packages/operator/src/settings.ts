// What an operator can be tuned with (spec §4, table). All durations in milliseconds.
import { DEFAULTS } from "@upgrade-ledger/contract";
import { type CoordinatorSettings, DEFAULT_COORDINATOR_SETTINGS } from "./coordinator/core/settings.ts";

export interface OperatorSettings extends CoordinatorSettings {
  /** An instance is silent after so many of its own intervals without a heartbeat. */
  readonly offlineAfterIntervals: number;
  /** How long an upgrade may stay in each phase before it is recorded as stalled. */
  readonly stalledAfterMs: Readonly<Record<keyof typeof DEFAULTS.stalledAfterMs, number>>;
}

export const DEFAULT_OPERATOR_SETTINGS: OperatorSettings = {
  ...DEFAULT_COORDINATOR_SETTINGS,
  offlineAfterIntervals: DEFAULTS.offlineAfterIntervals,
  stalledAfterMs: DEFAULTS.stalledAfterMs,
};

/** Completes settings with the defaults. @throws RangeError for a value that would make the coordinator careless, with the field named */
export function completeSettings(given: Partial<OperatorSettings>): OperatorSettings {
  const settings: OperatorSettings = { ...DEFAULT_OPERATOR_SETTINGS, ...given };
  const atLeastOne = ["soakMs", "deadlineMs", "maxStopAttempts", "offlineAfterIntervals"] as const;
  for (const name of atLeastOne) {
    if (!(settings[name] >= 1)) throw new RangeError(`${name}: must be at least 1, not ${settings[name]}`);
  }
  if (!(settings.stopRetryAfterMs >= 0)) {
    throw new RangeError(`stopRetryAfterMs: must not be negative, but is ${settings.stopRetryAfterMs}`);
  }
  for (const [phase, ms] of Object.entries(settings.stalledAfterMs)) {
    if (!(ms >= 1)) throw new RangeError(`stalledAfterMs.${phase}: must be at least 1, not ${ms}`);
  }
  return settings;
}
