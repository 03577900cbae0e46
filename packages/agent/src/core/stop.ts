// The stop signal: what the old agent obeys, and what it refuses (spec §4, Stop).
import { sameVersion, type StopRefusal } from "@upgrade-ledger/contract";
import type { ProbeAnswer, Stop } from "./input.ts";
import { remember, type Upgrade } from "./marker.ts";
import { isNewInstance, type State } from "./state.ts";
import { andThen, at, cite, persist, publish, type Turn, turn } from "./transition.ts";

/** A stop was read from the ledger. Each is answered once. */
export function onStop(state: State, stop: Stop, nowMs: number): Turn {
  if (state.attempts.stops.includes(stop.eventId) || state.watch.candidate?.eventId === stop.eventId) {
    return turn(state);
  }
  if (isForAnother(state, stop)) return turn(state);
  const refusal = objection(state, stop, nowMs);
  if (refusal !== null) return refuse(state, stop, refusal.code, refusal.why);
  const earlier = state.watch.candidate;
  const first =
    earlier === null ? turn(state) : refuse(state, earlier, "stale", `A newer stop came: ${stop.eventId}`);
  return andThen(first, (s) =>
    turn(
      { ...s, watch: { ...s.watch, candidate: stop } },
      { do: "probe", stopEventId: stop.eventId, instanceId: stop.evidenceInstanceId },
    ),
  );
}

/** Both agents of a cutover hear the old one's stop; and an agent that catches up finds those of its predecessors. */
function isForAnother(state: State, stop: Stop): boolean {
  if (stop.stopInstanceId === state.self.instanceId) return false;
  return stop.heardMs === null || isNewInstance(state);
}

interface Objection {
  readonly code: StopRefusal;
  readonly why: string;
}

function objection(state: State, stop: Stop, nowMs: number): Objection | null {
  const { upgrade, self } = state;
  if (stop.stopInstanceId !== self.instanceId) {
    return {
      code: "other_instance",
      why: `It names instance ${stop.stopInstanceId}; this is ${self.instanceId}`,
    };
  }
  if (upgrade === null || upgrade.upgrade_id !== stop.upgradeId) {
    const open = upgrade === null ? "none is open" : `${upgrade.upgrade_id} is open`;
    return { code: "other_upgrade", why: `It names upgrade ${stop.upgradeId}; ${open}` };
  }
  if (upgrade.at.step === "stopping") {
    return { code: "already_obeyed", why: `Stop ${upgrade.at.stop_event_id} was accepted before` };
  }
  if (upgrade.at.step !== "cutover-ready" || isNewInstance(state)) {
    return { code: "wrong_state", why: `This agent is at ${upgrade.at.step}, not in cutover-ready` };
  }
  if (stop.heardMs === null) {
    return { code: "stale", why: "It was found by catching up, not heard live on the present connection" };
  }
  const age = nowMs - stop.heardMs;
  return age > stop.deadlineMs
    ? { code: "stale", why: `It was heard ${age} ms ago; its deadline is ${stop.deadlineMs} ms` }
    : null;
}

/** The instance that the evidence names has answered on its socket, or has not. */
export function onProbed(state: State, stopEventId: string, answer: ProbeAnswer | null, nowMs: number): Turn {
  const stop = state.watch.candidate;
  const { upgrade } = state;
  if (stop === null || stop.eventId !== stopEventId || upgrade === null) return turn(state);
  const clear: State = { ...state, watch: { ...state.watch, candidate: null } };
  const refusal = objection(clear, stop, nowMs) ?? aliveness(upgrade, answer);
  if (refusal !== null) return refuse(clear, stop, refusal.code, refusal.why);
  return obey(clear, upgrade, stop);
}

function not(why: string): Objection {
  return { code: "new_agent_not_alive", why };
}

function aliveness(upgrade: Upgrade, answer: ProbeAnswer | null): Objection | null {
  if (answer === null) return not("The instance that the evidence names does not answer on its socket");
  if (!sameVersion(answer.version, upgrade.to_version)) return not(`It runs ${answer.version}`);
  if (answer.agentState !== "running") return not(`It is in state ${answer.agentState}`);
  return answer.connected ? null : not("It is not connected");
}

function refuse(state: State, stop: Stop, code: StopRefusal, why: string): Turn {
  const next = handled(state, stop);
  // While the old instance lives, the marker and the attempts are its to write.
  const remembered = isNewInstance(state) ? [] : [persist(next)];
  return turn(
    next,
    ...remembered,
    publish(stop.upgradeId, {
      type: "stop-refused",
      caused_by: cite(stop.eventId),
      stop_event_id: stop.eventId,
      reason_code: code,
      last_error: why,
    }),
  );
}

function handled(state: State, stop: Stop): State {
  return { ...state, attempts: { ...state.attempts, stops: remember(state.attempts.stops, stop.eventId) } };
}

function obey(state: State, upgrade: Upgrade, stop: Stop): Turn {
  const unit = upgrade.at.step === "cutover-ready" ? upgrade.at.unit : "";
  const next = at(handled(state, stop), upgrade, { step: "stopping", unit, stop_event_id: stop.eventId });
  return turn(
    next,
    persist(next),
    publish(upgrade.upgrade_id, {
      type: "stopping",
      caused_by: cite(stop.eventId),
      stop_event_id: stop.eventId,
    }),
    { do: "exit", because: "stopped", byMs: (stop.heardMs ?? 0) + stop.deadlineMs },
  );
}
