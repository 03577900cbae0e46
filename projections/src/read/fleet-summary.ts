// Counts over all devices (spec §6, `fleet`). Devices are counted, not attempts.
import type { DeviceDocument } from "../device/document.ts";
import { DEFAULT_TIMINGS, type LiveHeartbeat, type TimingSettings } from "./live.ts";
import { DEVICE_STATUSES, type DeviceStatus, stalledSince, statusOf, type StatusInput } from "./status.ts";

export interface FleetSummary {
  devices: number;
  by_status: Record<DeviceStatus, number>;
  by_version: Record<string, number>;
  by_phase: Record<string, number>;
  /** Why devices are failed (`reason_code`) or stalled (`stalled:<phase>`). */
  by_reason: Record<string, number>;
}

type SummaryInput = StatusInput & Pick<DeviceDocument, "device_id" | "phase">;

/** Counts at `nowMs` (milliseconds since 1970). `liveOf`: a device's last heartbeats, `null` for an as-of answer. */
export function fleetSummary(
  devices: Iterable<SummaryInput>,
  liveOf: (deviceId: string) => readonly LiveHeartbeat[] | null,
  nowMs: number,
  timings: TimingSettings = DEFAULT_TIMINGS,
): FleetSummary {
  const statuses = new Map<DeviceStatus, number>(DEVICE_STATUSES.map((status) => [status, 0]));
  const [versions, phases, reasons] = [
    new Map<string, number>(),
    new Map<string, number>(),
    new Map<string, number>(),
  ];
  let total = 0;
  for (const device of devices) {
    const status = statusOf(device, liveOf(device.device_id), nowMs, timings);
    total += 1;
    count(statuses, status);
    count(versions, device.current_version);
    count(phases, device.phase);
    const reason = reasonOf(device, status, nowMs, timings);
    if (reason !== undefined) count(reasons, reason);
  }
  return {
    devices: total,
    by_status: countsByStatus(statuses),
    by_version: sorted(versions),
    by_phase: sorted(phases),
    by_reason: sorted(reasons),
  };
}

function reasonOf(
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

function count<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
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
