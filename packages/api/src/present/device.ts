import { probationUntil, waitingFor } from "@upgrade-ledger/projections";
import type { EndedUpgrade as StoredEnded, UpgradeCommon } from "@upgrade-ledger/projections";
import type { ApiContext } from "../context.ts";
import type { Device } from "../schema/device.ts";
import type { EndedUpgrade, OpenUpgrade } from "../schema/upgrade.ts";
import type { DeviceRow } from "./device-filter.ts";

/** A device as it is answered. `status`: as the index has found it, or as a list has fixed it for all its pages. */
export function presentDevice(context: ApiContext, { device, status }: DeviceRow): Device {
  const labels = context.model.labels.get(device.device_id);
  return {
    device_id: device.device_id,
    status,
    phase: device.phase,
    phase_since: device.phase_since,
    current_version: device.current_version,
    desired_version: device.desired_version,
    last_error: device.last_error,
    upgrade: device.upgrade === null ? null : presentOpen(context, device.device_id, device.upgrade),
    queued: device.queued === null ? null : presentOpen(context, device.device_id, device.queued),
    last_upgrade: device.last_upgrade === null ? null : presentEnded(context, device.last_upgrade),
    instances: device.instances.map((instance) => ({
      instance_id: instance.instance_id,
      role: instance.role,
      current_version: instance.current_version,
      agent_state: instance.agent_state,
    })),
    anomalies: device.anomalies,
    policy: device.policy,
    first_seen_at: device.first_seen_at,
    valid_at_seq: device.valid_at_seq,
    live: {
      labels: labels?.labels ?? {},
      platform: labels?.platform ?? null,
      heartbeats: context.model.heartbeats.of(device.device_id).map(({ receivedAt, heartbeat }) => ({
        instance_id: heartbeat.instance_id,
        received_at: new Date(receivedAt).toISOString(),
        current_version: heartbeat.current_version,
        agent_state: heartbeat.agent_state,
        progress: heartbeat.progress,
      })),
    },
  };
}

function presentOpen(context: ApiContext, deviceId: string, upgrade: UpgradeCommon): OpenUpgrade {
  return { ...presentCommon(upgrade), waiting_for: waitsFor(context, deviceId, upgrade) };
}

/** In words, what an open upgrade waits for; the coordinator's own reason where it is at hand. */
export function waitsFor(context: ApiContext, deviceId: string, upgrade: UpgradeCommon): string {
  const withheld = upgrade.phase === "cutover-ready" ? context.withheldReasons(deviceId) : undefined;
  return withheld?.waitingFor ?? waitingFor(upgrade, context.timings);
}

function presentEnded(context: ApiContext, upgrade: StoredEnded): EndedUpgrade {
  return {
    ...presentCommon(upgrade),
    outcome: upgrade.outcome,
    completed_at: upgrade.completed_at,
    verified: upgrade.verified,
    probation_until: probationUntil(upgrade, context.timings),
    reverted: upgrade.reverted !== null,
  };
}

/** What open and ended upgrades have in common. */
export function presentCommon(upgrade: UpgradeCommon) {
  return {
    upgrade_id: upgrade.upgrade_id,
    from_version: upgrade.from_version,
    to_version: upgrade.to_version,
    phase: upgrade.phase,
    phase_since: upgrade.phase_since,
    requested_at: upgrade.requested_at,
    requested_by: upgrade.requested_by,
    reason: upgrade.reason,
    last_error: upgrade.last_error,
    reason_code: upgrade.reason_code,
    stop_event_id: upgrade.stop_event_id,
  };
}
