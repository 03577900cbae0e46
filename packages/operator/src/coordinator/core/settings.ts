// What the coordinator's decision can be tuned with; milliseconds (spec §4, table).
import { DEFAULTS } from "@upgrade-ledger/contract";

export interface CoordinatorSettings {
  /** T_OPERATOR_OBSERVE: for how long the new agent must be seen running. More than zero. */
  readonly soakMs: number;
  /** How long the old agent has to obey a stop. */
  readonly deadlineMs: number;
  /** A stop is issued again after its deadline and this. */
  readonly stopRetryAfterMs: number;
  /** Stops of one upgrade, after which it is stalled. */
  readonly maxStopAttempts: number;
}

export const DEFAULT_COORDINATOR_SETTINGS: CoordinatorSettings = {
  soakMs: DEFAULTS.soakMs,
  deadlineMs: DEFAULTS.stopDeadlineMs,
  stopRetryAfterMs: DEFAULTS.stopRetryAfterMs,
  maxStopAttempts: DEFAULTS.maxStopAttempts,
};
