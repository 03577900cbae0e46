import { sameVersion } from "@upgrade-ledger/contract";
import type { ApiContext } from "../context.ts";

/** Whether any device has ever run the version. Looks at every device's history: asked only where bytes would change. */
export async function wasActivated(context: ApiContext, version: string): Promise<boolean> {
  const { devices, stored } = context.model;
  for (const device of devices.values()) if (sameVersion(device.current_version, version)) return true;
  for (const deviceId of devices.keys()) {
    const intervals = await stored.intervals(deviceId);
    if (intervals.some((interval) => sameVersion(interval.version, version))) return true;
  }
  return false;
}
