// Desired versions: which one is taken on, and when (spec §4, Queue).
import { sameVersion } from "@upgrade-ledger/contract";
import { revert } from "./cutover.ts";
import { doneWithoutStop, refusal, superseded } from "./ending.ts";
import type { Desired, OwnLast } from "./input.ts";
import { remember, type Upgrade } from "./marker.ts";
import { startDraining } from "./prepare.ts";
import { isIdle, isNewInstance, type State } from "./state.ts";
import { andThen, end, persist, type Turn, turn } from "./transition.ts";

/** A `desired-version` was read. Only the newest counts; each is answered once. */
export function onDesired(state: State, desired: Desired): Turn {
  if (desired.seq <= state.desiredSeq) return turn(state);
  return turn({ ...state, desiredSeq: desired.seq, queued: desired });
}

/** What the ledger says that this device wrote last, after its own memory was lost. */
export function onOwnLast(state: State, last: OwnLast | null): Turn {
  if (state.memory.kind !== "asking") return turn(state);
  if (last === null) {
    const fresh: State = { ...state, memory: { kind: "known" } };
    // While the old instance lives, the attempts are its to write.
    return isNewInstance(state) ? turn(fresh) : turn(fresh, persist(fresh));
  }
  const ended = last.terminal && last.upgradeId !== null ? [last.upgradeId] : [];
  const upgrades = ended.reduce((known, id) => remember(known, id), [...state.attempts.upgrades]);
  return turn({
    ...state,
    attempts: { ...state.attempts, upgrades },
    memory: { kind: "lost", lastSeq: last.seq },
  });
}

/** Takes the queued desired version on, if no upgrade is open. */
function takeNext(state: State, nowMs: number): Turn {
  const desired = state.queued;
  if (desired === null || !isIdle(state) || state.memory.kind === "asking") return turn(state);
  const idle = { ...state, queued: null };
  if (desired.version === null || state.attempts.upgrades.includes(desired.upgradeId)) return turn(idle);
  return begin(idle, desired, desired.version, nowMs);
}

function begin(state: State, desired: Desired, version: Upgrade["to_version"], nowMs: number): Turn {
  const upgrade: Upgrade = {
    upgrade_id: desired.upgradeId,
    from_version: state.self.version,
    to_version: version,
    artifact: desired.artifact,
    old_instance: state.self.instanceId,
    resumes: 0,
    confirm_timeout_ms: state.settings.confirmTimeoutMs,
    at: { step: "draining" },
  };
  const { memory } = state;
  const known: State = {
    ...state,
    memory: { kind: "known" },
    attempts: { ...state.attempts, upgrades: remember(state.attempts.upgrades, desired.upgradeId) },
  };
  if (sameVersion(state.self.version, version))
    return end(known, upgrade, doneWithoutStop(upgrade, null), false);
  if (memory.kind === "lost" && desired.seq < memory.lastSeq) {
    const why = `This device lost its memory, and wrote to the ledger (sequence ${memory.lastSeq}) after it was asked for ${version}: it may have tried it. Ask again to try it.`;
    return end(known, upgrade, refusal(upgrade, "state-lost", why), false);
  }
  if (!state.settings.upgradesEnabled) {
    const why = "upgrade.enabled is false in this device's configuration";
    return end(known, upgrade, refusal(upgrade, "upgrades_disabled", why), false);
  }
  return startDraining(known, upgrade, nowMs);
}

/** After every input: whether what is queued is taken on, puts an end to the open upgrade, or waits. */
export function reconsider(state: State, nowMs: number): Turn {
  const { upgrade, queued } = state;
  if (queued === null) return turn(state);
  if (upgrade === null || isIdle(state)) return takeNext(state, nowMs);
  if (queued.upgradeId === upgrade.upgrade_id && queued.version !== null)
    return turn({ ...state, queued: null });
  // A cancellation of some other upgrade says nothing about this one.
  if (queued.version === null && queued.upgradeId !== upgrade.upgrade_id)
    return turn({ ...state, queued: null });
  // The old instance decides; this one takes what is still queued after its `done`.
  if (isNewInstance(state)) return turn(state);
  switch (upgrade.at.step) {
    case "draining":
    case "staging":
    case "verifying": {
      const given: Turn = end(state, upgrade, superseded(upgrade, queued, false), false);
      return andThen({ ...given, effects: [{ do: "cancel" }, ...given.effects] }, (s) => takeNext(s, nowMs));
    }
    case "cutover-ready":
      return revert(state, upgrade, superseded(upgrade, queued, true));
    // The swap or the start answers first; a revert that is under way and an accepted stop are carried out.
    case "swapping":
    case "starting":
    case "reverting":
    case "stopping":
      return turn(state);
    case "ended":
    case "probation":
      return takeNext(state, nowMs);
  }
}
