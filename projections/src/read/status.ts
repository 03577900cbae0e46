// The status of a device for people, computed when read (spec §6).
import { sameVersion } from "@upgrade-ledger/contract";
import type { DeviceDocument, UpgradeCommon } from "../device/document.ts";
import { DEFAULT_TIMINGS, type LiveHeartbeat, offlineAtMs, type TimingSettings } from "./live.ts";

/** In the order in which they are tried: the first that applies. */
export const DEVICE_STATUSES = [
  "unknown",
  "offline",
  "stalled",
  "updating",
  "unverified",
  "failed",
  "drifted",
  "scheduled",
  "up-to-date",
] as const;
export type DeviceStatus = (typeof DEVICE_STATUSES)[number];

/** The part of a device document that the status rests on, so that readers need not keep the whole. */
export type StatusInput = Pick<
  DeviceDocument,
  | "current_version"
  | "desired_version"
  | "upgrade"
  | "last_upgrade"
  | "schedule"
  | "unrequested"
  | "instances"
>;

/**
 * The status at `nowMs` (milliseconds since 1970). `live`: the device's last heartbeats; `null` where there are none to be
 * had, as in an as-of answer: then `offline` rests on what the observer wrote into the ledger.
 */
export function statusOf(
  device: StatusInput,
  live: readonly LiveHeartbeat[] | null,
  nowMs: number,
  timings: TimingSettings = DEFAULT_TIMINGS,
): DeviceStatus {
  if (isUnknown(device, live)) return "unknown";
  if (isOffline(device, live, nowMs, timings)) return "offline";
  if (device.upgrade !== null) {
    return stalledSince(device.upgrade, nowMs, timings) === null ? "updating" : "stalled";
  }
  const last = device.last_upgrade;
  if (last?.outcome === "done" && last.reverted === null && !last.verified) return "unverified";
  if (last?.outcome === "failed" || (last !== null && last.reverted !== null)) return "failed";
  if (hasDrifted(device)) return "drifted";
  return device.schedule === null ? "up-to-date" : "scheduled";
}

/** Since when the open upgrade is stalled (RFC 3339), by the observer's finding or because its phase is overdue; `null` if it is not. */
export function stalledSince(
  upgrade: UpgradeCommon,
  nowMs: number,
  timings: Pick<TimingSettings, "stalledAfterMs"> = DEFAULT_TIMINGS,
): string | null {
  if (upgrade.stalled !== null) return upgrade.stalled.since;
  return nowMs > stalledAtMs(upgrade, timings) ? upgrade.phase_since : null;
}

/** When the open upgrade becomes stalled unless it moves on, milliseconds since 1970. */
export function stalledAtMs(
  upgrade: UpgradeCommon,
  timings: Pick<TimingSettings, "stalledAfterMs"> = DEFAULT_TIMINGS,
): number {
  return Date.parse(upgrade.phase_since) + timings.stalledAfterMs[upgrade.phase];
}

function isUnknown(device: StatusInput, live: readonly LiveHeartbeat[] | null): boolean {
  if (device.current_version !== "unknown") return false;
  const neverHeardOf = device.instances.length === 0 && (live === null || live.length === 0);
  return neverHeardOf || device.upgrade === null;
}

function isOffline(
  device: StatusInput,
  live: readonly LiveHeartbeat[] | null,
  nowMs: number,
  timings: TimingSettings,
): boolean {
  if (live !== null) return nowMs > offlineAtMs(live, timings);
  const present = device.instances.filter((instance) => instance.role !== "gone");
  return present.every((instance) => instance.silent_since !== null);
}

function hasDrifted(device: StatusInput): boolean {
  if (device.unrequested !== null) return true;
  return device.desired_version !== null && !sameVersion(device.current_version, device.desired_version);
}
