// The deciding heartbeat as an `agent-observed` event: appended first, so that the stop can cite it (spec §5, condition 3).
import type {
  AgentState,
  EventId,
  EventRef,
  InstanceId,
  ReportedVersion,
  UpgradeId,
} from "@upgrade-ledger/contract";
import { observationEventId } from "../../observer/core/observation-id.ts";
import { type HeartbeatRun, lengthMs } from "./heartbeat-run.ts";
import type { Moment } from "./moment.ts";
import type { CutoverView, UpgradeView } from "./upgrade-view.ts";

export interface ObservationDraft {
  readonly type: "agent-observed";
  readonly upgrade_id?: UpgradeId;
  readonly instance_id: InstanceId;
  readonly current_version: ReportedVersion;
  readonly agent_state: AgentState | null;
  readonly caused_by: EventRef[];
}

export interface ObserveFirst {
  readonly kind: "observe-first";
  readonly eventId: EventId;
  readonly draft: ObservationDraft;
  /** To be noted in the watch, with the sequence, once it is stored. */
  readonly noted: {
    readonly instanceId: InstanceId;
    readonly runId: number;
    readonly attempt: number;
    readonly heartbeatAt: Moment;
    readonly observedForMs: number;
  };
}

export function observationDraft(
  upgrade: UpgradeView,
  cutover: CutoverView,
  run: HeartbeatRun,
  attempt: number,
): ObserveFirst {
  const { instanceId, version, state } = run;
  const previous = upgrade.observations.get(instanceId) ?? null;
  return {
    kind: "observe-first",
    eventId: observationEventId({ deviceId: upgrade.deviceId, instanceId, version, state, previous }),
    draft: {
      type: "agent-observed",
      upgrade_id: upgrade.upgradeId,
      instance_id: instanceId,
      current_version: version,
      agent_state: state,
      caused_by: [cutover.eventId],
    },
    noted: {
      instanceId,
      runId: run.id,
      attempt,
      heartbeatAt: run.last,
      observedForMs: Math.floor(lengthMs(run)),
    },
  };
}
