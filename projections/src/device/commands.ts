// What people and the coordinator say: operator-cmd.<device_id>.* and schedules (spec §3.2).
import type { EventOf } from "@upgrade-ledger/contract";
import { keepLatest, MAX_STOPS } from "./bounds.ts";
import { citation, note, type Step, touch } from "./step.ts";
import { cancelUpgrade, openUpgrade } from "./upgrades.ts";

export function applyDesiredVersion(step: Step, event: EventOf<"desired-version">): void {
  if (event.desired_version !== null) {
    openUpgrade(step, event, event.desired_version);
    return;
  }
  step.upgradeId = event.upgrade_id;
  if (cancelUpgrade(step, event.upgrade_id) === "not-open") note(step, "late");
}

export function applyStop(step: Step, event: EventOf<"upgrade-stop">): void {
  const { upgrade } = step.device;
  step.upgradeId = event.upgrade_id;
  if (upgrade?.upgrade_id !== event.upgrade_id) {
    note(step, "late");
    return;
  }
  const { evidence } = event;
  upgrade.stops.push({
    ...citation(step),
    attempt: event.attempt,
    issued_at: step.at,
    deadline_ms: event.deadline_ms,
    stop_instance_id: event.stop_instance_id,
    reason: event.reason,
    evidence: {
      instance_id: evidence.instance_id,
      current_version: evidence.current_version,
      agent_state: evidence.agent_state,
      observed_event_id: evidence.observed_event_id,
      heartbeat_at: evidence.heartbeat_at,
      observed_for_ms: evidence.observed_for_ms,
    },
    accepted: null,
    refused: null,
  });
  keepLatest(upgrade.stops, MAX_STOPS);
  upgrade.stop_event_id = event.event_id;
  touch(step, upgrade);
}

/** The newest schedule is the only one. */
export function applyScheduled(step: Step, event: EventOf<"upgrade-scheduled">): void {
  step.device.schedule = {
    ...citation(step),
    desired_version: event.desired_version,
    artifact: event.artifact,
    not_before: event.not_before,
    expires_at: event.expires_at,
    actor: event.actor,
    reason: event.reason,
    at: step.at,
  };
}

export function applyScheduleEnded(step: Step, event: EventOf<"schedule-ended">): void {
  const { device } = step;
  if (device.schedule?.event_id === event.schedule_event_id) device.schedule = null;
  else note(step, "late");
}
