// The id of an `agent-observed` event (spec §3.2): the same for every observer that sees the same news.
import type {
  AgentState,
  DeviceId,
  EventId,
  EventRef,
  InstanceId,
  ReportedVersion,
} from "@upgrade-ledger/contract";
import { derivedEventId } from "@upgrade-ledger/ledger";

export interface Observation {
  readonly deviceId: DeviceId;
  readonly instanceId: InstanceId;
  readonly version: ReportedVersion;
  readonly state: AgentState | null;
  /** The latest `agent-observed` or `agent-silent` of that instance in the ledger; `null` for its first. */
  readonly previous: EventRef | null;
}

export function observationEventId(observation: Observation): EventId {
  const { deviceId, instanceId, version, state, previous } = observation;
  return derivedEventId("agent-observed", deviceId, instanceId, version, state ?? "", previous ?? "");
}
