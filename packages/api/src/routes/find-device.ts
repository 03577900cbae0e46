import type { ApiContext } from "../context.ts";
import type { FleetEntry } from "../fleet/fleet-index.ts";
import { ApiProblem } from "../problem/problem.ts";
import type { KnownDevice } from "../view/read-model.ts";

/** @throws ApiProblem `device_unknown` */
export function findDevice(context: ApiContext, deviceId: string): KnownDevice {
  const device = context.model.devices.get(deviceId);
  if (device === undefined) throw new ApiProblem("device_unknown", `No device ${deviceId} has been seen.`);
  return device;
}

/** The same device with what the index knows of it. @throws ApiProblem `device_unknown` */
export function findEntry(context: ApiContext, deviceId: string): FleetEntry {
  const entry = context.model.fleet.get(deviceId);
  if (entry === undefined) throw new ApiProblem("device_unknown", `No device ${deviceId} has been seen.`);
  return entry;
}
