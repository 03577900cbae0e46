// The new instance's part: it serves from its first heartbeat on, and says `done` when the old process is gone (spec §4).
import type { Happening } from "./input.ts";
import { type Attempts, type Ending, remember, type Upgrade } from "./marker.ts";
import { isCutover, type Memory, type State } from "./state.ts";
import { cite, end, type Turn, turn } from "./transition.ts";

/** Time passes for the new instance: is the old process still there? */
export function onTakeoverTick(state: State, upgrade: Upgrade, nowMs: number): Turn {
  if (nowMs - state.watch.checkedMs < state.settings.checkIntervalMs) return turn(state);
  const next: State = { ...state, watch: { ...state.watch, checkedMs: nowMs } };
  return turn(next, { do: "check-old", instanceId: upgrade.old_instance });
}

type OldGone = Extract<Happening, { kind: "old-gone" }>;

/**
 * The old process is gone. The marker is read again, because the old one wrote it until it ended.
 * `resume` continues from a marker that no longer makes this process the new one.
 */
export function onOldGone(state: State, gone: OldGone, resume: (state: State) => Turn): Turn {
  const { upgrade } = state;
  if (upgrade === null) return turn(state);
  const now = gone.marker?.upgrade ?? null;
  const attempts = mergeAttempts(state.attempts, gone.attempts);
  const memory: Memory = gone.attempts === null ? state.memory : { kind: "known" };
  if (now === null || now.upgrade_id !== upgrade.upgrade_id || !isCutover(now)) {
    return resume({ ...state, attempts, memory, upgrade: now });
  }
  const present: State = { ...state, attempts, memory, upgrade: now };
  return end(present, now, doneAfter(now, gone), true);
}

function doneAfter(upgrade: Upgrade, gone: OldGone): Ending {
  const stopped = upgrade.at.step === "stopping" ? upgrade.at.stop_event_id : null;
  return {
    type: "done",
    caused_by: stopped === null ? cite(upgrade.upgrade_id) : cite(upgrade.upgrade_id, stopped),
    from_version: upgrade.from_version,
    to_version: upgrade.to_version,
    stop_event_id: stopped,
    old_exit: stopped === null ? `ended in ${upgrade.at.step} without a stop` : null,
    old_instance: gone.tail,
  };
}

function mergeAttempts(mine: Attempts, onDisk: Attempts | null): Attempts {
  return {
    upgrades: mine.upgrades.reduce((all, id) => remember(all, id), onDisk?.upgrades ?? []),
    stops: mine.stops.reduce((all, id) => remember(all, id), onDisk?.stops ?? []),
  };
}
