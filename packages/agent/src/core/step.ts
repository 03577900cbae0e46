// The procedure: a function from (state, input) to (state, effects), with no clock, file, process or network in it (spec §4).
import { onBoot, resume } from "./boot.ts";
import { onCutoverFault, onCutoverTick, onCutoverWork, onHeartbeat, onLink } from "./cutover.ts";
import type { Happening, Input, Moment } from "./input.ts";
import type { Step } from "./marker.ts";
import { onPreparationFault, onPreparationTick, onPrepared } from "./prepare.ts";
import { onDesired, onOwnLast, reconsider } from "./queue.ts";
import { freshWatch, isCutover, isNewInstance, type State } from "./state.ts";
import { onProbed, onStop } from "./stop.ts";
import { onOldGone, onTakeoverTick } from "./takeover.ts";
import { andThen, at, persist, terminalEventId, type Turn, turn } from "./transition.ts";

/** One step of the procedure. Pure: the same state and input always give the same state and effects. */
export function step(state: State, input: Input): Turn {
  return andThen(handle(state, input), (next) => reconsider(next, input.at.monoMs));
}

function handle(state: State, input: Input): Turn {
  const now = input.at;
  switch (input.kind) {
    case "boot":
      return onBoot(state, input.facts, now.monoMs);
    case "tick": {
      const ticked = onTick(state, now.monoMs);
      return { ...ticked, state: { ...ticked.state, lastTickMs: now.monoMs } };
    }
    case "link":
      return onLink(state, input.up);
    case "desired":
      return onDesired(state, input.desired);
    case "own-last":
      return onOwnLast(state, input.last);
    case "stop":
      return onStop(state, input.stop, now.monoMs);
    case "heartbeat":
      return onHeartbeat(state, input);
    case "worked":
    case "broke":
      return onWork(state, input, now);
    case "old-gone":
      return isNewInstance(state)
        ? onOldGone(state, input, (s) => resume(s, input.linkVersion, now.monoMs))
        : turn(state);
    case "extra":
      return isNewInstance(state)
        ? turn(state, { do: "exit", because: "extra", byMs: now.monoMs })
        : turn(state);
    case "probed":
      return onProbed(state, input.stopEventId, input.answer, now.monoMs);
    case "acknowledged":
      return onAcknowledged(state, input.eventId, now.monoMs);
  }
}

function onWork(state: State, input: Extract<Happening, { kind: "worked" | "broke" }>, now: Moment): Turn {
  const { upgrade } = state;
  if (upgrade === null || input.op !== state.watch.op) return turn(state);
  const cutover = isCutover(upgrade);
  if (input.kind === "broke") {
    return cutover
      ? onCutoverFault(state, upgrade, input, now.monoMs)
      : onPreparationFault(state, upgrade, input, now);
  }
  return cutover
    ? onCutoverWork(state, upgrade, input.result, now.monoMs)
    : onPrepared(state, upgrade, input.result, now.monoMs);
}

function onTick(state: State, nowMs: number): Turn {
  const { upgrade } = state;
  if (upgrade === null) return turn(state);
  if (isNewInstance(state)) return onTakeoverTick(state, upgrade, nowMs);
  switch (upgrade.at.step) {
    case "draining":
    case "staging":
    case "verifying":
      return onPreparationTick(state, upgrade, nowMs);
    case "swapping":
    case "starting":
    case "cutover-ready":
    case "stopping":
    case "reverting":
      return onCutoverTick(state, upgrade, nowMs);
    case "ended":
      return turn(state);
    case "probation":
      return onProbationTick(state, upgrade.at, nowMs);
  }
}

/** The clock of another boot says nothing: probation then counts anew from this process's first tick in it. */
function onProbationTick(state: State, probation: Extract<Step, { step: "probation" }>, nowMs: number): Turn {
  const sameBoot = probation.boot_id === state.bootId;
  const deadlineMs = sameBoot ? probation.until_ms : state.watch.deadlineMs;
  if (deadlineMs === null)
    return turn(freshWatch(state, { deadlineMs: nowMs + state.settings.probationMs }).state);
  return nowMs < deadlineMs ? turn(state) : close(state);
}

function onAcknowledged(state: State, eventId: string, nowMs: number): Turn {
  const { upgrade } = state;
  if (upgrade?.at.step !== "ended" || eventId !== terminalEventId(upgrade.upgrade_id)) return turn(state);
  if (upgrade.at.end.type !== "done" || !upgrade.at.cutover) return close(state);
  const until_ms = nowMs + state.settings.probationMs;
  const { state: next } = freshWatch(
    at(state, upgrade, { step: "probation", boot_id: state.bootId, until_ms }),
  );
  return turn(next, persist(next));
}

function close(state: State): Turn {
  const { state: next } = freshWatch({ ...state, upgrade: null });
  return turn(next, persist(next));
}
