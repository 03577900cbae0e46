import { DeviceUsers } from "./device-users.ts";
import type { DeviceUser } from "./device-users.ts";
import { reloadServers } from "./reload.ts";

/** Says which devices may connect. */
export interface DeviceRegistry {
  /** Lets devices connect (or changes their keys) and waits until the servers know them. Others stay connected. */
  addDevice(...devices: readonly DeviceUser[]): Promise<void>;
  /** Takes a device's access away and cuts its connections. */
  removeDevice(deviceId: string): Promise<void>;
}

export interface DeviceRegistryOptions {
  /** The folder that the servers' configuration includes as `devices/`. */
  readonly folder: string;
  /** All servers that read it, separated by commas. */
  readonly url: string;
  readonly systemPassword: string;
}

/** The registry of running servers, be it the embedded one or a cluster that shares the folder. */
export async function openDeviceRegistry(options: DeviceRegistryOptions): Promise<DeviceRegistry> {
  const devices = await DeviceUsers.open(options.folder);
  // Changes go one after the other: each writes the whole list.
  let lastChange: Promise<void> = Promise.resolve();
  let serversKnow = true;
  const change = async (apply: () => boolean): Promise<void> => {
    const previous = lastChange;
    const mine = (async () => {
      await previous.catch(() => undefined);
      if (!apply() && serversKnow) return;
      serversKnow = false;
      await devices.save();
      await reloadServers(options.url, options.systemPassword);
      serversKnow = true;
    })();
    lastChange = mine;
    return mine;
  };
  return {
    addDevice: (...added) => change(() => added.map((device) => devices.set(device)).includes(true)),
    removeDevice: (deviceId) => change(() => devices.remove(deviceId)),
  };
}
