import { ARTIFACT_STORE, BUCKETS, LEDGER_STREAM, subjects } from "@upgrade-ledger/contract";

/** What a device may publish and subscribe (spec §8). Everything else is refused by the server. */
export interface DevicePermissions {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

/**
 * The permissions of one device: its own subjects and nothing else. The same list serves the static users
 * of the configuration file and, later, the auth callout.
 */
export function devicePermissions(deviceId: string): DevicePermissions {
  const { deviceInfo, desiredState, workloadState } = BUCKETS;
  const artifacts = `OBJ_${ARTIFACT_STORE}`;
  return {
    publish: [
      subjects.deviceState(deviceId),
      subjects.heartbeat(deviceId),
      key(deviceInfo, `info.${deviceId}`),
      key(workloadState, deviceId),
      directGet(LEDGER_STREAM, subjects.command(deviceId, "*")),
      directGet(LEDGER_STREAM, subjects.deviceState(deviceId)),
      directGet(`KV_${deviceInfo}`, key(deviceInfo, `*.${deviceId}`)),
      directGet(`KV_${desiredState}`, key(desiredState, deviceId)),
      directGet(`KV_${workloadState}`, key(workloadState, deviceId)),
      // An object's chunks share one subject: only the form by sequence and subject reads them all.
      `$JS.API.DIRECT.GET.${artifacts}`,
      directGet(artifacts, `$O.${ARTIFACT_STORE}.>`),
    ],
    subscribe: [
      `_INBOX_${deviceId}.>`,
      subjects.deviceCommands(deviceId),
      subjects.heartbeat(deviceId),
      key(desiredState, deviceId),
    ],
  };
}

function directGet(stream: string, subject: string): string {
  return `$JS.API.DIRECT.GET.${stream}.${subject}`;
}

function key(bucket: string, pattern: string): string {
  return `$KV.${bucket}.${pattern}`;
}
