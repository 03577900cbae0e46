// From a device's document, as the fold makes it, to what the coordinator's decision needs of it.
import {
  type EventRef,
  EventId,
  EventRef as EventRefSchema,
  InstanceId,
  sameVersion,
  UpgradeId,
  Version,
  type DeviceId,
} from "@upgrade-ledger/contract";
import type { DeviceDocument, OpenUpgrade } from "@upgrade-ledger/projections";
import type { CutoverView, StopView, UpgradeView } from "../coordinator/core/upgrade-view.ts";

/** The open upgrade of a device; `null` if none is open. Ids of a document come from events that were checked: one that does not fit throws. */
export function upgradeViewOf(deviceId: DeviceId, document: DeviceDocument): UpgradeView | null {
  const { upgrade } = document;
  if (upgrade === null) return null;
  return {
    deviceId,
    upgradeId: UpgradeId.parse(upgrade.upgrade_id),
    desiredVersion: Version.parse(upgrade.to_version),
    commandSeq: document.last_command_seq,
    newerCommand: newerCommandOf(document, upgrade),
    phase: upgrade.phase,
    phaseSince: upgrade.phase_since,
    cutover: cutoverOf(upgrade),
    stops: upgrade.stops.map(stopOf),
    stalled: upgrade.stalled !== null,
    observations: observationsOf(document),
  };
}

/** Anything that says that this upgrade is not, or no longer, what is wanted counts: on a doubt nothing is stopped. */
function newerCommandOf(document: DeviceDocument, upgrade: OpenUpgrade): UpgradeView["newerCommand"] {
  if (document.queued !== null) return { cancels: false, since: document.queued.requested_at };
  const since = document.valid_at_time ?? upgrade.updated_at;
  if (upgrade.cancel !== null || document.desired_version === null) return { cancels: true, since };
  return sameVersion(document.desired_version, upgrade.to_version) ? null : { cancels: false, since };
}

function cutoverOf({ cutover_ready }: OpenUpgrade): CutoverView | null {
  if (cutover_ready === null) return null;
  const { event_id, seq, at, instance_id, foreign } = cutover_ready;
  const oldInstanceId = instance_id === null ? null : InstanceId.parse(instance_id);
  return { eventId: EventRefSchema.parse(event_id), seq, at, oldInstanceId, foreign };
}

function stopOf(stop: OpenUpgrade["stops"][number]): StopView {
  const { refused } = stop;
  return {
    eventId: EventId.parse(stop.event_id),
    attempt: stop.attempt,
    at: stop.issued_at,
    deadlineMs: stop.deadline_ms,
    refusal: refused && { eventId: EventRefSchema.parse(refused.event_id), reasonCode: refused.reason_code },
  };
}

function observationsOf(document: DeviceDocument): ReadonlyMap<InstanceId, EventRef> {
  const observations = new Map<InstanceId, EventRef>();
  for (const { instance_id, observed_event_id } of document.instances) {
    if (observed_event_id !== null)
      observations.set(InstanceId.parse(instance_id), EventRefSchema.parse(observed_event_id));
  }
  return observations;
}
