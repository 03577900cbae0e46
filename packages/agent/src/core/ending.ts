// The terminal events (spec §3.2): how each end of an upgrade reads.
import type { FailureCode, UpgradePhase } from "@upgrade-ledger/contract";
import type { Desired } from "./input.ts";
import type { Ending, Upgrade } from "./marker.ts";
import { cite, lastError } from "./transition.ts";

/** Why some work of the procedure failed. */
export interface Fault {
  readonly code: FailureCode;
  readonly message: string;
  readonly retryable: boolean;
  /** In [0, 1): the jitter of the next attempt. */
  readonly random: number;
}

type Failed = Extract<Ending, { type: "failed" }>;

/** The `failed` event of an upgrade at its present step. */
export function failure(upgrade: Upgrade, code: FailureCode, message: string, reverted: boolean): Failed {
  return {
    type: "failed",
    caused_by: cite(upgrade.upgrade_id),
    failed_phase: phaseOf(upgrade),
    reason_code: code,
    last_error: lastError(message),
    reverted,
  };
}

/** The phase of the spec in which a step lies (§6): swap and start belong to `verifying` until both are made. */
export function phaseOf(upgrade: Upgrade): UpgradePhase {
  const { step } = upgrade.at;
  switch (step) {
    case "draining":
    case "staging":
    case "verifying":
    case "cutover-ready":
    case "stopping":
      return step;
    case "swapping":
      return "verifying";
    case "starting":
    case "reverting":
    case "ended":
    case "probation":
      return "cutover-ready";
  }
}

/** The device never began: the command itself could not be followed. */
export function refusal(upgrade: Upgrade, code: "state-lost" | "upgrades_disabled", why: string): Ending {
  return { ...failure(upgrade, code, why, false), failed_phase: "requested" };
}

/** A newer desired version, or a cancellation, came first. */
export function superseded(upgrade: Upgrade, by: Desired, reverted: boolean): Ending {
  return {
    type: "superseded",
    caused_by: cite(upgrade.upgrade_id, by.eventId),
    by_event_id: by.eventId,
    reverted,
  };
}

/** `done` without a stop: the version ran already, or the old process ended otherwise. */
export function doneWithoutStop(upgrade: Upgrade, oldExit: string | null): Ending {
  return {
    type: "done",
    caused_by: cite(upgrade.upgrade_id),
    from_version: upgrade.from_version,
    to_version: upgrade.to_version,
    stop_event_id: null,
    old_exit: oldExit,
    old_instance: null,
  };
}
