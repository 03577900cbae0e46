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
  const directGet = "$JS.API.DIRECT.GET";
  return {
    publish: [
      `device-state.${deviceId}.upgrade`,
      `device-heartbeat.${deviceId}.*`,
      `$KV.device-info.info.${deviceId}`,
      `$KV.workload-state.${deviceId}`,
      `${directGet}.UPGRADE_LEDGER.operator-cmd.${deviceId}.*`,
      `${directGet}.UPGRADE_LEDGER.device-state.${deviceId}.upgrade`,
      `${directGet}.KV_device-info.$KV.device-info.*.${deviceId}`,
      `${directGet}.KV_desired-state.$KV.desired-state.${deviceId}`,
      `${directGet}.KV_workload-state.$KV.workload-state.${deviceId}`,
      `${directGet}.OBJ_agent-artifacts`,
      `${directGet}.OBJ_agent-artifacts.$O.agent-artifacts.>`,
    ],
    subscribe: [
      `_INBOX_${deviceId}.>`,
      `device-cmd.${deviceId}.>`,
      `device-heartbeat.${deviceId}.*`,
      `$KV.desired-state.${deviceId}`,
    ],
  };
}
