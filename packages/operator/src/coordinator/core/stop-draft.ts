// The stop signal with its evidence and the condition under which the broker may store it (spec §3.2, §5).
import {
  type EventId,
  type EventRef,
  type InstanceId,
  type StopEvidence,
  subjects,
  type UpgradeId,
} from "@upgrade-ledger/contract";
import { derivedEventId, type Expectation } from "@upgrade-ledger/ledger";
import type { HeartbeatRun, RecordedObservation } from "./heartbeat-run.ts";
import type { CoordinatorSettings } from "./settings.ts";
import type { CutoverView, UpgradeView } from "./upgrade-view.ts";
import { seconds } from "./withheld.ts";

export interface StopDraft {
  readonly type: "upgrade-stop";
  readonly upgrade_id: UpgradeId;
  readonly reason: string;
  readonly deadline_ms: number;
  readonly stop_instance_id: InstanceId;
  readonly attempt: number;
  readonly evidence: StopEvidence;
  readonly caused_by: EventRef[];
}

export interface StopOrder {
  readonly kind: "stop";
  readonly eventId: EventId;
  readonly draft: StopDraft;
  /** No newer command: the last event on exactly the device's `desired-version` subject is the one that asked for this upgrade. */
  readonly expect: Expectation;
}

/** The id of a stop: from upgrade and attempt alone, so that two coordinators store it once (spec §3.2). */
export function stopEventId(upgradeId: UpgradeId, attempt: number): EventId {
  return derivedEventId("upgrade-stop", upgradeId, String(attempt));
}

export function stopDraft(
  upgrade: UpgradeView,
  cutover: CutoverView & { readonly oldInstanceId: InstanceId },
  run: HeartbeatRun & { readonly version: StopEvidence["current_version"]; readonly state: "running" },
  recorded: RecordedObservation,
  settings: CoordinatorSettings,
): StopOrder {
  const lastStop = upgrade.stops.at(-1);
  const before = lastStop === undefined ? [] : [lastStop.refusal?.eventId ?? lastStop.eventId];
  return {
    kind: "stop",
    eventId: stopEventId(upgrade.upgradeId, recorded.attempt),
    draft: {
      type: "upgrade-stop",
      upgrade_id: upgrade.upgradeId,
      reason: `${run.version} was seen running for ${seconds(recorded.observedForMs)} since cutover-ready`,
      deadline_ms: settings.deadlineMs,
      stop_instance_id: cutover.oldInstanceId,
      attempt: recorded.attempt,
      evidence: {
        instance_id: run.instanceId,
        current_version: run.version,
        agent_state: run.state,
        observed_event_id: recorded.eventId,
        heartbeat_at: recorded.heartbeatAt.time,
        observed_for_ms: recorded.observedForMs,
      },
      caused_by: [cutover.eventId, recorded.eventId, ...before],
    },
    expect: {
      subject: subjects.command(upgrade.deviceId, "desired-version"),
      lastSequence: upgrade.commandSeq,
    },
  };
}
