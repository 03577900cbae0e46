// Counts over all devices (spec §6, `fleet`). Devices are counted, not attempts.
import type { DeviceDocument } from "../device/document.ts";
import { DEFAULT_TIMINGS, type LiveHeartbeat, type TimingSettings } from "./live.ts";
import { type DeviceStatus, stalledSince, statusOf, type StatusInput } from "./status.ts";

export interface FleetSummary {
  devices: number;
  by_status: Record<DeviceStatus, number>;
  by_version: Record<string, number>;
  by_phase: Record<string, number>;
  /** Why devices are failed (`reason_code`) or stalled (`stalled:<phase>`). */
  by_reason: Record<string, number>;
}

type SummaryInput = StatusInput & Pick<DeviceDocument, "device_id" | "phase">;

/** Counts that can be kept up device by device; {@link summaryOf} shows them. */
export interface FleetCounts {
  devices: number;
  readonly statuses: Map<DeviceStatus, number>;
  readonly versions: Map<string, number>;
  readonly phases: Map<string, number>;
  readonly reasons: Map<string, number>;
}

/** Counts at `nowMs` (milliseconds since 1970). `liveOf`: a device's last heartbeats, `null` for an as-of answer. */
export function fleetSummary(
  devices: Iterable<SummaryInput>,
  liveOf: (deviceId: string) => readonly LiveHeartbeat[] | null,
  nowMs: number,
  timings: TimingSettings = DEFAULT_TIMINGS,
): FleetSummary {
  const counts = emptyFleet();
  for (const device of devices) {
    const status = statusOf(device, liveOf(device.device_id), nowMs, timings);
    addToFleet(counts, device, status, fleetReason(device, status, nowMs, timings));
  }
  return summaryOf(counts);
}

export function emptyFleet(): FleetCounts {
  return { devices: 0, statuses: new Map(), versions: new Map(), phases: new Map(), reasons: new Map() };
}

/** Counts a device in, under the status and the reason that it has. */
export function addToFleet(
  counts: FleetCounts,
  device: SummaryInput,
  status: DeviceStatus,
  reason: string | undefined,
): void {
  count(counts, device, status, reason, 1);
}

/** Counts out a device that was counted in as the same. */
export function takeFromFleet(
  counts: FleetCounts,
  device: SummaryInput,
  status: DeviceStatus,
  reason: string | undefined,
): void {
  count(counts, device, status, reason, -1);
}

export function summaryOf(counts: FleetCounts): FleetSummary {
  return {
    devices: counts.devices,
    by_status: countsByStatus(counts.statuses),
    by_version: sorted(counts.versions),
    by_phase: sorted(counts.phases),
    by_reason: sorted(counts.reasons),
  };
}

/** Why the device is failed or stalled, as `by_reason` counts it; `undefined` if it is neither. */
export function fleetReason(
  device: SummaryInput,
  status: DeviceStatus,
  nowMs: number,
  timings: TimingSettings,
): string | undefined {
  const { upgrade, last_upgrade: last } = device;
  if (upgrade !== null) {
    return stalledSince(upgrade, nowMs, timings) === null ? undefined : `stalled:${upgrade.phase}`;
  }
  if (status !== "failed" || last === null) return undefined;
  return last.reverted?.reason_code ?? last.reason_code ?? "unspecified";
}

function count(
  counts: FleetCounts,
  device: SummaryInput,
  status: DeviceStatus,
  reason: string | undefined,
  by: 1 | -1,
): void {
  counts.devices += by;
  change(counts.statuses, status, by);
  change(counts.versions, device.current_version, by);
  change(counts.phases, device.phase, by);
  if (reason !== undefined) change(counts.reasons, reason, by);
}

function change<K>(counts: Map<K, number>, key: K, by: number): void {
  const next = (counts.get(key) ?? 0) + by;
  if (next === 0) counts.delete(key);
  else counts.set(key, next);
}

function sorted(counts: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function countsByStatus(counts: ReadonlyMap<DeviceStatus, number>): Record<DeviceStatus, number> {
  const of = (status: DeviceStatus) => counts.get(status) ?? 0;
  return {
    unknown: of("unknown"),
    offline: of("offline"),
    stalled: of("stalled"),
    updating: of("updating"),
    unverified: of("unverified"),
    failed: of("failed"),
    drifted: of("drifted"),
    scheduled: of("scheduled"),
    "up-to-date": of("up-to-date"),
  };
}
