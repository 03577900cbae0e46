import { sameVersion } from "@upgrade-ledger/contract";
import type { DeviceStatus } from "@upgrade-ledger/projections";
import type { DeviceLabels, KnownDevice } from "../view/read-model.ts";

/** A device with the status that a list has fixed for all its pages. */
export interface DeviceRow {
  readonly device: KnownDevice;
  readonly status: DeviceStatus;
}

/** Values of one filter are alternatives; different filters must all fit; of labels, each must. */
export interface DeviceFilter {
  readonly status?: readonly string[] | undefined;
  readonly phase?: readonly string[] | undefined;
  readonly version?: readonly string[] | undefined;
  readonly desired_version?: readonly string[] | undefined;
  readonly label?: readonly (readonly [key: string, value: string])[] | undefined;
  readonly q?: string | undefined;
}

type Test = (row: DeviceRow, labels: DeviceLabels | undefined) => boolean;

/** Whether a device fits all filters. */
export function deviceTest(filter: DeviceFilter): Test {
  const tests: Test[] = [];
  const { status, phase, version, desired_version: desired, label, q } = filter;
  if (status !== undefined) tests.push((row) => status.includes(row.status));
  if (phase !== undefined) tests.push(({ device }) => phase.includes(device.phase));
  if (version !== undefined) tests.push(({ device }) => isOneOf(device.current_version, version));
  if (desired !== undefined) {
    tests.push(({ device }) => isOneOf(device.desired_version ?? "none", desired));
  }
  for (const [key, value] of label ?? []) tests.push((_row, labels) => labels?.labels[key] === value);
  if (q !== undefined) tests.push(searchTest(q.toLowerCase()));
  return (row, labels) => tests.every((test) => test(row, labels));
}

function isOneOf(version: string, wanted: readonly string[]): boolean {
  return wanted.some((each) => each === version || sameVersion(each, version));
}

/** Looks in the id, the versions and the labels. */
function searchTest(needle: string): Test {
  const has = (text: string): boolean => text.toLowerCase().includes(needle);
  return ({ device }, labels) =>
    device.device_id.includes(needle) ||
    has(device.current_version) ||
    has(device.desired_version ?? "") ||
    Object.entries(labels?.labels ?? {}).some(([key, value]) => has(`${key}=${value}`));
}
