// `fleet-agent status`: what runs on this device, and why.
import type { LoadedConfig } from "../config/load.ts";
import { createMarkerStore } from "../marker/marker-store.ts";
import { linkVersionOf } from "../layout/link-version.ts";
import { layoutOf } from "../shell/setup.ts";
import { askAll } from "../socket/status-socket.ts";

export interface DeviceStatus {
  readonly device_id: string;
  readonly link_version: string | null;
  readonly versions: readonly string[];
  readonly instances: Awaited<ReturnType<typeof askAll>>;
  readonly upgrade: {
    readonly upgrade_id: string;
    readonly from: string;
    readonly to: string;
    readonly step: string;
  } | null;
}

export async function deviceStatus({ config }: LoadedConfig): Promise<DeviceStatus> {
  const layout = layoutOf(config);
  const { marker } = await createMarkerStore(config.state_dir).read();
  const versions = await layout.listVersions();
  const upgrade = marker?.upgrade;
  return {
    device_id: config.device_id,
    link_version: await linkVersionOf(layout),
    versions: versions.map(({ version }) => version),
    instances: await askAll(config.state_dir),
    upgrade:
      upgrade === undefined
        ? null
        : {
            upgrade_id: upgrade.upgrade_id,
            from: upgrade.from_version,
            to: upgrade.to_version,
            step: upgrade.at.step,
          },
  };
}

/** For people. */
export function describeStatus(status: DeviceStatus): string {
  const { instances, upgrade } = status;
  const lines = [
    `device     ${status.device_id}`,
    `symlink    ${status.link_version ?? "names none of our versions"}`,
    `on disk    ${status.versions.join(", ") || "no version"}`,
    ...(instances.length === 0 ? ["running    no agent"] : []),
    ...instances.map(
      (one) =>
        `running    ${one.version}  pid ${one.pid}  ${one.agent_state}${one.active ? ", active" : ""}${one.connected ? "" : ", not connected"}`,
    ),
    upgrade === null
      ? "upgrade    none is open"
      : `upgrade    ${upgrade.from} -> ${upgrade.to}, at ${upgrade.step} (${upgrade.upgrade_id})`,
  ];
  return lines.join("\n");
}
