// Which instances were heard, and when last. Bounded: an instance that has fallen silent makes room for a new one.
import type { DeviceId, InstanceId, ReadHeartbeat } from "@upgrade-ledger/contract";
import type { Moment } from "../coordinator/core/moment.ts";
import { isSilent, type Presence } from "./core/silence.ts";

/** Instances of one device that are heard at once; heartbeats of more are ignored. */
export const MAX_INSTANCES = 16;

export class Presences {
  readonly #devices = new Map<DeviceId, Map<InstanceId, Presence>>();
  readonly #offlineAfterIntervals: number;

  constructor(offlineAfterIntervals: number) {
    this.#offlineAfterIntervals = offlineAfterIntervals;
  }

  /** Notes a heartbeat. `false`: the device has too many instances, and this one is ignored. */
  note(heartbeat: ReadHeartbeat, at: Moment): boolean {
    const { device_id, instance_id, interval_ms } = heartbeat;
    let instances = this.#devices.get(device_id);
    if (instances === undefined) this.#devices.set(device_id, (instances = new Map()));
    if (!instances.has(instance_id) && instances.size >= MAX_INSTANCES && !this.#makeRoom(instances, at))
      return false;
    instances.set(instance_id, { lastHeard: at, intervalMs: interval_ms });
    return true;
  }

  get(deviceId: DeviceId, instanceId: InstanceId): Presence | undefined {
    return this.#devices.get(deviceId)?.get(instanceId);
  }

  #makeRoom(instances: Map<InstanceId, Presence>, now: Moment): boolean {
    for (const [instanceId, presence] of instances) {
      if (isSilent(presence, now, this.#offlineAfterIntervals)) return instances.delete(instanceId);
    }
    return false;
  }
}
