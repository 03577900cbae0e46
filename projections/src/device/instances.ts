// The agent processes of a device and which of them serves (spec §2 old, new; §6 instances).
import { type AgentState, type BootReason, sameVersion } from "@upgrade-ledger/contract";
import { MAX_INSTANCES } from "./bounds.ts";
import type { DeviceDocument, Instance, InstanceRole } from "./document.ts";
import type { Step } from "./step.ts";

/** The one that serves: the active one, or the old one of a cutover. */
export function servingInstance(device: DeviceDocument): Instance | undefined {
  return device.instances.find((instance) => instance.role === "active" || instance.role === "old");
}

export function newInstance(device: DeviceDocument): Instance | undefined {
  return device.instances.find((instance) => instance.role === "new");
}

export function findInstance(device: DeviceDocument, instanceId: string): Instance | undefined {
  return device.instances.find((instance) => instance.instance_id === instanceId);
}

/** Finds or adds the instance that spoke or was seen, with the version that it claims. `boot`: why it came up, if it says so. */
export function instanceAppears(
  step: Step,
  instanceId: string,
  version: string,
  boot: BootReason | null = null,
): Instance {
  const { device } = step;
  const known = findInstance(device, instanceId);
  if (known !== undefined) {
    if (version !== "unknown") known.current_version = version;
    return known;
  }
  const instance: Instance = {
    instance_id: instanceId,
    role: takeRole(device, version, boot),
    current_version: version,
    agent_state: null,
    observed_version: null,
    first_seen_at: step.at,
    first_seen_seq: step.seq,
    last_observed_at: null,
    last_observed_seq: null,
    observed_event_id: null,
    silent_since: null,
  };
  device.instances.push(instance);
  forgetOldest(device);
  return instance;
}

/** The operator has seen the instance's heartbeat. */
export function instanceObserved(
  step: Step,
  instance: Instance,
  seen: { readonly version: string; readonly state: AgentState | null },
): void {
  instance.current_version = seen.version === "unknown" ? instance.current_version : seen.version;
  instance.observed_version = seen.version;
  instance.agent_state = seen.state;
  instance.last_observed_at = step.at;
  instance.last_observed_seq = step.seq;
  instance.observed_event_id = step.eventId;
  instance.silent_since = null;
}

/** From now on this one serves alone. */
export function becomesActive(device: DeviceDocument, active: Instance): void {
  for (const instance of device.instances) {
    instance.role = instance.instance_id === active.instance_id ? "active" : "gone";
  }
}

/** The role of an instance that was never seen before; those that it replaces are gone. */
function takeRole(device: DeviceDocument, version: string, boot: BootReason | null): InstanceRole {
  const serving = servingInstance(device);
  if (serving === undefined) return "active";
  const beside = newInstance(device);
  if (isStartedBeside(device, serving, version, boot)) {
    if (beside !== undefined) beside.role = "gone";
    serving.role = "old";
    return "new";
  }
  const role = beside === undefined ? "active" : "old";
  serving.role = "gone";
  return role;
}

function isStartedBeside(
  device: DeviceDocument,
  serving: Instance,
  version: string,
  boot: BootReason | null,
): boolean {
  const { upgrade } = device;
  if (upgrade === null) return false;
  if (boot === "cutover") return true;
  if (version === "unknown") return upgrade.phase === "cutover-ready" || upgrade.phase === "stopping";
  return sameVersion(version, upgrade.to_version) && !sameVersion(version, serving.current_version);
}

function forgetOldest(device: DeviceDocument): void {
  while (device.instances.length > MAX_INSTANCES) {
    const gone = device.instances.findIndex((instance) => instance.role === "gone");
    device.instances.splice(Math.max(gone, 0), 1);
  }
}
