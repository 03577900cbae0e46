// What agents say about an upgrade: device-state.<device_id>.upgrade (spec §3.2).
import { type EventOf, type ForeignEvent, sameVersion } from "@upgrade-ledger/contract";
import { cutError } from "./bounds.ts";
import { becomesActive, findInstance, newInstance, servingInstance } from "./instances.ts";
import type { CutoverReadyAt, DeviceDocument, Instance, OpenUpgrade } from "./document.ts";
import { citation, note, type Step, touch } from "./step.ts";
import { agentSpoke } from "./started.ts";
import { endUpgrade, enterPhase } from "./upgrades.ts";
import { runsVersion } from "./versions.ts";

/** Events of an agent that belong to an upgrade and move it; the others are `started` and `reverted`. */
export type UpgradeProgress =
  | EventOf<
      | "draining"
      | "staging"
      | "verifying"
      | "cutover-ready"
      | "stopping"
      | "stop-refused"
      | "done"
      | "failed"
      | "superseded"
    >
  | ForeignEvent;

/** Moves the open upgrade that the event belongs to; one of no open upgrade is late and changes nothing. */
export function applyProgress(step: Step, event: UpgradeProgress): void {
  const upgrade = upgradeOf(step, event);
  if (upgrade === null) {
    if (!confirmsEnd(step.device, event)) note(step, "late");
    return;
  }
  if (event.writer !== null) agentSpoke(step, event.writer);
  upgrade.agent_events += 1;
  touch(step, upgrade);
  move(step, upgrade, event);
}

function move(step: Step, upgrade: OpenUpgrade, event: UpgradeProgress): void {
  switch (event.type) {
    case "draining":
    case "verifying":
      enterPhase(step, upgrade, event.type);
      upgrade.cutover_ready = null;
      return;
    case "staging":
      enterPhase(step, upgrade, "staging");
      upgrade.cutover_ready = null;
      setError(step, upgrade, event.last_error);
      return;
    case "cutover-ready":
      enterPhase(step, upgrade, "cutover-ready");
      upgrade.cutover_ready = cutoverReady(step, upgrade, event.writer);
      return;
    case "stopping":
      enterPhase(step, upgrade, "stopping");
      acceptStop(step, upgrade, event.schema_version === 0 ? null : event.stop_event_id);
      return;
    case "stop-refused":
      refuseStop(step, upgrade, event);
      return;
    case "done":
      finish(step, upgrade, event);
      return;
    case "failed":
      fail(step, upgrade, event);
      return;
    case "superseded": {
      const cancelled = upgrade.cancel?.event_id === event.by_event_id;
      if (upgrade.upgrade_id === step.device.upgrade?.upgrade_id) restored(step, event.writer.instance_id);
      endUpgrade(step, upgrade, cancelled ? "cancelled" : "superseded");
      return;
    }
  }
}

/** The open upgrade that an event belongs to. An agent that speaks of the queued one has left the open one behind. */
function upgradeOf(step: Step, event: UpgradeProgress): OpenUpgrade | null {
  const { device } = step;
  const { upgrade, queued } = device;
  if (event.schema_version === 0) {
    const startsAnew = event.type === "draining" && upgrade !== null && upgrade.agent_events > 0;
    const open = startsAnew && queued !== null ? takeUpQueued(step, upgrade, queued) : upgrade;
    step.upgradeId = open?.upgrade_id ?? null;
    return open;
  }
  step.upgradeId = event.upgrade_id;
  if (upgrade?.upgrade_id === event.upgrade_id) return upgrade;
  if (upgrade === null || queued?.upgrade_id !== event.upgrade_id) return null;
  return event.type === "superseded" ? queued : takeUpQueued(step, upgrade, queued);
}

function takeUpQueued(step: Step, upgrade: OpenUpgrade, queued: OpenUpgrade): OpenUpgrade {
  endUpgrade(step, upgrade, "superseded");
  return queued;
}

/** An agent may confirm what the fold has ended already; that is no anomaly. */
function confirmsEnd(device: DeviceDocument, event: UpgradeProgress): boolean {
  const last = device.last_upgrade;
  if (event.type !== "superseded" || last?.upgrade_id !== event.upgrade_id) return false;
  return last.outcome === "superseded" || last.outcome === "cancelled";
}

function cutoverReady(step: Step, upgrade: OpenUpgrade, writer: UpgradeProgress["writer"]): CutoverReadyAt {
  const foreign = writer === null;
  const instanceId = foreign ? foreignOldInstance(step.device, upgrade.to_version) : writer.instance_id;
  return { ...citation(step), at: step.at, instance_id: instanceId, foreign };
}

/** The instance seen in heartbeats at another version than the desired one (spec §3.2); of several, the one seen last. */
function foreignOldInstance(device: DeviceDocument, toVersion: string): string | null {
  const seen = device.instances.filter(
    ({ role, observed_version: version }) =>
      role !== "gone" && version !== null && version !== "unknown" && !sameVersion(version, toVersion),
  );
  const latest = seen.toSorted((a, b) => (b.last_observed_seq ?? 0) - (a.last_observed_seq ?? 0))[0];
  return latest?.instance_id ?? null;
}

function acceptStop(step: Step, upgrade: OpenUpgrade, stopEventId: string | null): void {
  const stop =
    stopEventId === null
      ? upgrade.stops.at(-1)
      : upgrade.stops.find((issued) => issued.event_id === stopEventId);
  if (stop !== undefined) stop.accepted = { ...citation(step), at: step.at };
}

function refuseStop(step: Step, upgrade: OpenUpgrade, event: EventOf<"stop-refused">): void {
  const error = event.last_error === null ? null : cutError(event.last_error);
  const stop = upgrade.stops.find((issued) => issued.event_id === event.stop_event_id);
  if (stop !== undefined) {
    stop.refused = { ...citation(step), at: step.at, reason_code: event.reason_code, last_error: error };
  }
  setError(step, upgrade, error);
}

function finish(step: Step, upgrade: OpenUpgrade, event: EventOf<"done"> | ForeignEvent): void {
  const { device } = step;
  const instance =
    event.writer === null ? newInstance(device) : findInstance(device, event.writer.instance_id);
  if (endedWithoutStop(upgrade, event)) note(step, "ended_without_stop");
  device.last_error = null;
  device.unrequested = null;
  upgrade.last_error = null;
  const serves = instance ?? servingInstance(device);
  if (serves !== undefined) becomesActive(device, serves);
  if (serves === undefined || !contradicts(serves, upgrade.to_version)) {
    runsVersion(step, reportedVersion(event, upgrade.to_version));
  }
  endUpgrade(step, upgrade, "done", instance?.instance_id ?? null);
}

/** An agent that gives only its phase says done, but the operator sees its heartbeats with another version. */
function contradicts(instance: Instance, version: string): boolean {
  return instance.current_version !== "unknown" && !sameVersion(instance.current_version, version);
}

/** With its build metadata, where the agent reports any. */
function reportedVersion(event: EventOf<"done"> | ForeignEvent, version: string): string {
  if (event.writer === null) return version;
  return sameVersion(event.writer.version, version) ? event.writer.version : version;
}

function endedWithoutStop(upgrade: OpenUpgrade, event: EventOf<"done"> | ForeignEvent): boolean {
  if (event.schema_version === 0) return upgrade.cutover_ready !== null && upgrade.stops.length === 0;
  return event.stop_event_id === null && event.old_instance !== null;
}

function fail(step: Step, upgrade: OpenUpgrade, event: EventOf<"failed"> | ForeignEvent): void {
  setError(step, upgrade, event.last_error);
  upgrade.reason_code = event.schema_version === 0 ? "unspecified" : event.reason_code;
  restored(step, event.writer?.instance_id ?? null);
  endUpgrade(step, upgrade, "failed");
}

/** When an attempt ends without a new version, the one that was there before (the writer, if known) serves alone. */
function restored(step: Step, instanceId: string | null): void {
  const { device } = step;
  const instance = instanceId === null ? servingInstance(device) : findInstance(device, instanceId);
  if (instance === undefined) return;
  becomesActive(device, instance);
  runsVersion(step, instance.current_version);
}

function setError(step: Step, upgrade: OpenUpgrade, error: string | null): void {
  upgrade.last_error = error === null ? null : cutError(error);
  if (error !== null) step.device.last_error = cutError(error);
}
