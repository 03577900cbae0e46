// Draining, staging, verifying: everything before the first change to the device (spec §4).
import { type FailureCode, Sha256Hex } from "@upgrade-ledger/contract";
import type { Effect } from "./effect.ts";
import type { Moment, WorkResult } from "./input.ts";
import { startSwap } from "./cutover.ts";
import { type Fault, failure } from "./ending.ts";
import type { Upgrade } from "./marker.ts";
import { freshWatch, nextOp, type State } from "./state.ts";
import { at, cite, end, lastError, persist, publish, type Turn, turn } from "./transition.ts";

/** Enters `draining`: no new workload starts, those in flight finish. */
export function startDraining(state: State, upgrade: Upgrade, nowMs: number): Turn {
  const { op, state: next } = freshWatch(at(state, upgrade, { step: "draining" }), {
    deadlineMs: nowMs + state.settings.drainTimeoutMs,
  });
  return turn(next, persist(next), { do: "drain", op });
}

function startStaging(state: State, upgrade: Upgrade, nowMs: number): Turn {
  const { op, state: next } = freshWatch(at(state, upgrade, { step: "staging", attempt: 1 }), {
    deadlineMs: nowMs + state.settings.stagingDeadlineMs,
  });
  const event = publish(upgrade.upgrade_id, {
    type: "staging",
    caused_by: cite(upgrade.upgrade_id),
    artifact: upgrade.artifact,
    attempt: 1,
    retry_at: null,
    last_error: null,
  });
  return turn(next, persist(next), event, stage(upgrade, op));
}

function stage(upgrade: Upgrade, op: number): Effect {
  return { do: "stage", op, version: upgrade.to_version, artifact: upgrade.artifact };
}

/** What came of draining, staging and the self-test. */
export function onPrepared(state: State, upgrade: Upgrade, result: WorkResult, nowMs: number): Turn {
  switch (result.of) {
    case "drain-begun":
      return turn(
        state,
        publish(upgrade.upgrade_id, {
          type: "draining",
          caused_by: cite(upgrade.upgrade_id),
          in_flight: result.inFlight,
        }),
      );
    case "drain":
      return startStaging(state, upgrade, nowMs);
    case "stage":
      return startVerifying(state, upgrade, result);
    case "self-test": {
      const { op, state: next } = nextOp(state);
      return turn(next, { do: "adopt", op });
    }
    case "adopt":
      return startSwap(state, upgrade);
    case "swap":
    case "start-unit":
    case "stop-unit":
    case "check-unit":
      return turn(state);
  }
}

function startVerifying(state: State, upgrade: Upgrade, staged: Extract<WorkResult, { of: "stage" }>): Turn {
  const facts = { path: staged.path, sha256: Sha256Hex.parse(staged.sha256), key_id: staged.keyId };
  const { op, state: next } = freshWatch(at(state, upgrade, { step: "verifying", ...facts }));
  return turn(
    next,
    persist(next),
    publish(upgrade.upgrade_id, { type: "verifying", caused_by: cite(upgrade.upgrade_id), ...facts }),
    {
      do: "self-test",
      op,
      path: staged.path,
      version: upgrade.to_version,
      timeoutMs: state.settings.selfTestTimeoutMs,
    },
  );
}

/** Work before the cutover failed: staging is tried again up to its deadline, everything else ends the upgrade. */
export function onPreparationFault(state: State, upgrade: Upgrade, fault: Fault, now: Moment): Turn {
  if (upgrade.at.step !== "staging" || !fault.retryable) {
    return fail(state, upgrade, fault.code, fault.message);
  }
  const attempt = upgrade.at.attempt + 1;
  const delayMs = backoffMs(state.settings.stagingBackoffMs, upgrade.at.attempt, fault.random);
  const { deadlineMs } = state.watch;
  if (deadlineMs !== null && now.monoMs + delayMs >= deadlineMs) {
    return fail(state, upgrade, "staging_timeout", `No success before the deadline; last: ${fault.message}`);
  }
  const { state: next } = nextOp(at(state, upgrade, { step: "staging", attempt }), {
    retryMs: now.monoMs + delayMs,
  });
  const event = publish(upgrade.upgrade_id, {
    type: "staging",
    caused_by: cite(upgrade.upgrade_id),
    artifact: upgrade.artifact,
    attempt,
    retry_at: new Date(now.wallMs + delayMs).toISOString(),
    last_error: lastError(fault.message),
  });
  return turn(next, persist(next), event);
}

/** Exponential from `min` to `max`, then between half and the whole of it. `failures` counts from 1. */
export function backoffMs(
  bounds: { readonly min: number; readonly max: number },
  failures: number,
  random: number,
): number {
  const whole = Math.min(bounds.max, bounds.min * 2 ** Math.min(failures - 1, 30));
  return Math.round(whole * (0.5 + random / 2));
}

/** Time passes before the cutover. */
export function onPreparationTick(state: State, upgrade: Upgrade, nowMs: number): Turn {
  const { deadlineMs, retryMs } = state.watch;
  if (deadlineMs !== null && nowMs >= deadlineMs) {
    return upgrade.at.step === "draining"
      ? fail(
          state,
          upgrade,
          "drain_timeout",
          `Reconciles were still in flight after ${state.settings.drainTimeoutMs} ms`,
        )
      : fail(state, upgrade, "staging_timeout", `Not staged within ${state.settings.stagingDeadlineMs} ms`);
  }
  if (upgrade.at.step === "staging" && retryMs !== null && nowMs >= retryMs) {
    const { op, state: next } = nextOp(state, { retryMs: null });
    return turn(next, stage(upgrade, op));
  }
  return turn(state);
}

/** Ends an upgrade that has changed nothing yet. */
export function fail(state: State, upgrade: Upgrade, code: FailureCode, message: string): Turn {
  const ended = end(state, upgrade, failure(upgrade, code, message, false), false);
  return { ...ended, effects: [{ do: "cancel" }, ...ended.effects] };
}
