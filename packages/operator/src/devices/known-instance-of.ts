// From a device's document to what the observer knows of one of its instances.
import { EventRef, InstanceId, ReportedVersion } from "@upgrade-ledger/contract";
import type { DeviceDocument, Instance } from "@upgrade-ledger/projections";
import type { KnownInstance } from "../observer/core/known-instance.ts";

/** What the ledger knows of the instance; `undefined` if it has never heard of it. */
export function knownInstanceOf(
  document: DeviceDocument | undefined,
  instanceId: string,
): KnownInstance | undefined {
  const instance = document?.instances.find((known) => known.instance_id === instanceId);
  return instance && readInstance(instance);
}

export function readInstance(instance: Instance): KnownInstance {
  return {
    instanceId: InstanceId.parse(instance.instance_id),
    version: ReportedVersion.parse(instance.current_version),
    state: instance.agent_state,
    silent: instance.silent_since !== null,
    gone: instance.role === "gone",
    observation: instance.observed_event_id === null ? null : EventRef.parse(instance.observed_event_id),
  };
}
