// Swap, start, watch, revert: the old instance's part while both versions run (spec §4, Cutover).
import { type AgentState, type InstanceId, sameVersion, type UpgradeId } from "@upgrade-ledger/contract";
import { type Fault, failure } from "./ending.ts";
import type { WorkResult } from "./input.ts";
import type { Ending, Symlink, Upgrade } from "./marker.ts";
import { freshWatch, isNewInstance, nextOp, type State } from "./state.ts";
import { transientUnit } from "./settings.ts";
import { at, cite, end, persist, publish, type Turn, turn } from "./transition.ts";

/** A step that takes longer than this between two ticks was not lived through (a stopped process, a suspended machine). */
const LONGEST_TICK_MS = 5_000;
const REVERT_RETRY_MS = 2_000;

/** Points the link to the new version. */
export function startSwap(state: State, upgrade: Upgrade): Turn {
  const { op, state: next } = freshWatch(at(state, upgrade, { step: "swapping" }));
  return turn(next, persist(next), { do: "swap", op, version: upgrade.to_version });
}

function startUnit(state: State, upgrade: Upgrade, symlink: Symlink): Turn {
  const { op, state: next } = freshWatch(at(state, upgrade, { step: "starting", symlink }));
  return turn(next, persist(next), { do: "start-unit", op, version: upgrade.to_version });
}

function awaitStop(state: State, upgrade: Upgrade, symlink: Symlink, unit: string, nowMs: number): Turn {
  const ready = freshWatch(at(state, upgrade, { step: "cutover-ready", symlink, unit }), {
    checkedMs: nowMs,
  });
  const event = publish(upgrade.upgrade_id, {
    type: "cutover-ready",
    caused_by: cite(upgrade.upgrade_id),
    symlink,
    unit,
  });
  return turn(ready.state, persist(ready.state), event);
}

/** What came of swap, start, stop of the unit and of a look at it. */
export function onCutoverWork(state: State, upgrade: Upgrade, result: WorkResult, nowMs: number): Turn {
  switch (result.of) {
    case "swap": {
      if (upgrade.at.step === "swapping") return startUnit(state, upgrade, result.symlink);
      const { op, state: next } = nextOp(state);
      return turn(next, { do: "stop-unit", op, unit: transientUnit(upgrade.to_version) });
    }
    case "start-unit":
      return upgrade.at.step === "starting"
        ? awaitStop(state, upgrade, upgrade.at.symlink, result.unit, nowMs)
        : turn(state);
    case "stop-unit":
      return upgrade.at.step === "reverting" ? end(state, upgrade, upgrade.at.end, true) : turn(state);
    case "check-unit":
      return result.ended && upgrade.at.step === "cutover-ready"
        ? revert(state, upgrade, failure(upgrade, "new_agent_gave_up", result.detail, true))
        : checked(state);
    case "drain-begun":
    case "drain":
    case "stage":
    case "self-test":
    case "adopt":
      return turn(state);
  }
}

/** Work of the cutover failed: forwards it is taken back; a revert is tried until it succeeds. */
export function onCutoverFault(state: State, upgrade: Upgrade, fault: Fault, nowMs: number): Turn {
  switch (upgrade.at.step) {
    case "swapping":
      return revert(state, upgrade, failure(upgrade, fault.code, fault.message, false));
    case "starting":
      return revert(state, upgrade, failure(upgrade, fault.code, fault.message, true));
    case "reverting":
      return turn(nextOp(state, { retryMs: nowMs + REVERT_RETRY_MS }).state);
    // The supervisor does not answer: that says nothing about the new agent.
    case "cutover-ready":
      return checked(state);
    case "stopping":
    case "draining":
    case "staging":
    case "verifying":
    case "ended":
    case "probation":
      return turn(state);
  }
}

function checked(state: State): Turn {
  return turn({ ...state, watch: { ...state.watch, checking: false } });
}

/** Symlink back, new unit stopped, then the given end. */
export function revert(state: State, upgrade: Upgrade, ending: Ending): Turn {
  return backOut(at(state, upgrade, { step: "reverting", end: ending }));
}

/** Takes the swap back, from the beginning: each part may be repeated. */
export function backOut(state: State & { readonly upgrade: Upgrade }): Turn {
  const { op, state: next } = freshWatch(state);
  return turn(next, persist(next), { do: "swap", op, version: state.upgrade.from_version });
}

/** A heartbeat of this device. */
export function onHeartbeat(
  state: State,
  beat: {
    readonly instanceId: InstanceId;
    readonly version: string;
    readonly agentState: AgentState | null;
    readonly upgradeId: UpgradeId | null;
  },
): Turn {
  const { upgrade, watch } = state;
  if (upgrade?.at.step !== "cutover-ready" || isNewInstance(state)) return turn(state);
  const isNew =
    beat.instanceId !== state.self.instanceId &&
    sameVersion(beat.version, upgrade.to_version) &&
    (beat.upgradeId === null || beat.upgradeId === upgrade.upgrade_id);
  if (!isNew) return turn(state);
  return turn({ ...state, watch: { ...watch, seen: beat.instanceId, quietMs: 0 } });
}

/** The own link came or went. Once the new agent has been seen, its silence counts anew after each link loss. */
export function onLink(state: State, up: boolean): Turn {
  const { watch } = state;
  const quietMs = up && watch.seen !== null ? 0 : watch.quietMs;
  return turn({ ...state, linkUp: up, watch: { ...watch, quietMs } });
}

/** Time passes for the old instance in a cutover. */
export function onCutoverTick(state: State, upgrade: Upgrade, nowMs: number): Turn {
  const { watch, settings } = state;
  if (upgrade.at.step === "reverting") {
    if (watch.retryMs === null || nowMs < watch.retryMs) return turn(state);
    const { op, state: next } = nextOp(state, { retryMs: null });
    return turn(next, { do: "swap", op, version: upgrade.from_version });
  }
  if (upgrade.at.step !== "cutover-ready") return turn(state);
  const lived = Math.min(Math.max(0, nowMs - state.lastTickMs), LONGEST_TICK_MS);
  const quietMs = state.linkUp ? watch.quietMs + lived : watch.quietMs;
  if (quietMs >= settings.heartbeatTimeoutMs) {
    const never = watch.seen === null;
    const message = never
      ? `No heartbeat of ${upgrade.to_version} in ${quietMs} ms in which this agent was connected`
      : `No heartbeat of ${upgrade.to_version} (instance ${watch.seen}) for ${quietMs} ms in which this agent was connected`;
    return revert(
      state,
      upgrade,
      failure(upgrade, never ? "heartbeat_timeout" : "new_agent_silent", message, true),
    );
  }
  const waited: State = { ...state, watch: { ...watch, quietMs } };
  if (watch.checking || nowMs - watch.checkedMs < settings.checkIntervalMs) return turn(waited);
  const { op, state: next } = nextOp(waited, { checkedMs: nowMs, checking: true });
  return turn(next, { do: "check-unit", op, unit: upgrade.at.unit });
}
