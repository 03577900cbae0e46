import { compareVersions } from "./compare-versions.ts";
import type { DeviceRow } from "./device-filter.ts";

/** What a list of devices may be sorted by. */
export const SORT_FIELDS = [
  "device_id",
  "status",
  "phase",
  "phase_since",
  "current_version",
  "desired_version",
  "first_seen_at",
] as const;
export type SortField = (typeof SORT_FIELDS)[number];

/** By the field, devices of equal value by their id. `-field`: descending. */
export function deviceOrder(sort: string): (a: DeviceRow, b: DeviceRow) => number {
  const descending = sort.startsWith("-");
  const field = SORT_FIELDS.find((each) => each === (descending ? sort.slice(1) : sort)) ?? "device_id";
  const compare = comparator(field);
  const sign = descending ? -1 : 1;
  return (a, b) => sign * compare(a, b) || text(a.device.device_id, b.device.device_id);
}

function comparator(field: SortField): (a: DeviceRow, b: DeviceRow) => number {
  switch (field) {
    case "device_id":
      return (a, b) => text(a.device.device_id, b.device.device_id);
    case "status":
      return (a, b) => text(a.status, b.status);
    case "phase":
      return (a, b) => text(a.device.phase, b.device.phase);
    case "phase_since":
      return (a, b) => text(a.device.phase_since ?? "", b.device.phase_since ?? "");
    case "first_seen_at":
      return (a, b) => text(a.device.first_seen_at ?? "", b.device.first_seen_at ?? "");
    case "current_version":
      return (a, b) => compareVersions(a.device.current_version, b.device.current_version);
    case "desired_version":
      return (a, b) => compareVersions(a.device.desired_version ?? "", b.device.desired_version ?? "");
  }
}

function text(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
