// The device's documents in KV, by plain publishes and direct gets: a device has no other right (spec §3.1, §8).
import { jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import {
  BUCKETS,
  type DeviceId,
  DeviceInfo,
  DesiredState,
  keys,
  WorkloadState,
} from "@upgrade-ledger/contract";
import { parseJsonAs } from "../files/json-text.ts";

const TIMEOUT_MS = 5_000;

/** The subject of a key in a bucket. */
function kvSubject(bucket: string, key: string): string {
  return `$KV.${bucket}.${key}`;
}

/** What the device should run; `null` when nothing was ever asked, or it cannot be read. */
export async function readDesiredState(nc: NatsConnection, deviceId: DeviceId): Promise<DesiredState | null> {
  const manager = await jetstreamManager(nc, { checkAPI: false, timeout: TIMEOUT_MS });
  const message = await manager.direct.getMessage(`KV_${BUCKETS.desiredState}`, {
    last_by_subj: kvSubject(BUCKETS.desiredState, deviceId),
  });
  return message === null ? null : (parseJsonAs(message.string(), DesiredState) ?? null);
}

/** Calls back whenever the desired state is written. */
export function watchDesiredState(nc: NatsConnection, deviceId: DeviceId, changed: () => void): void {
  nc.subscribe(kvSubject(BUCKETS.desiredState, deviceId), { callback: () => changed() });
}

/** Writes `info.<device_id>` and waits until it is stored. @throws the client's errors */
export async function writeDeviceInfo(nc: NatsConnection, info: DeviceInfo): Promise<void> {
  const subject = kvSubject(BUCKETS.deviceInfo, keys.deviceInfo(info.device_id));
  await nc.request(subject, JSON.stringify(DeviceInfo.parse(info)), { timeout: TIMEOUT_MS });
}

/** Writes `<device_id>` of the workload state and waits until it is stored. @throws the client's errors */
export async function writeWorkloadState(nc: NatsConnection, state: WorkloadState): Promise<void> {
  const subject = kvSubject(BUCKETS.workloadState, state.device_id);
  await nc.request(subject, JSON.stringify(WorkloadState.parse(state)), { timeout: TIMEOUT_MS });
}
