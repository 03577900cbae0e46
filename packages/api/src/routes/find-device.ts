import type { ApiContext } from "../context.ts";
import { ApiProblem } from "../problem/problem.ts";
import type { KnownDevice } from "../view/read-model.ts";

/** @throws ApiProblem `device_unknown` */
export function findDevice(context: ApiContext, deviceId: string): KnownDevice {
  const device = context.model.devices.get(deviceId);
  if (device === undefined) throw new ApiProblem("device_unknown", `No device ${deviceId} has been seen.`);
  return device;
}
