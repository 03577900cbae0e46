// Whether a process that has just started has a part to play on this device (spec §4, Who acts).
import { sameVersion } from "@upgrade-ledger/contract";
import type { Marker } from "./marker.ts";
import { isCutover } from "./state.ts";

/**
 * `drive`: no other agent drives this device, so this one does. `join`: it is the new instance of the cutover that the
 * living driver has begun. `yield`: nobody drives, but the link names another version, which is to come first: this one
 * waits a while for it and then drives, because any agent is better than none. `extra`: another agent serves, and nothing is open in which this version has a part: such a
 * process ends without having done anything.
 */
export type Entry = "drive" | "join" | "yield" | "extra";

/**
 * Decides for a process that is the only one of its version. `free`: it could get the driver's lock; unless the answer
 * is `drive`, it lets go of it again.
 */
export function entryOf(
  version: string,
  marker: Marker | null,
  linkVersion: string | null,
  free: boolean,
): Entry {
  const upgrade = marker?.upgrade ?? null;
  const isNew = upgrade !== null && isCutover(upgrade) && sameVersion(version, upgrade.to_version);
  if (isNew) return free && mayTakeOver(version, marker, linkVersion) ? "drive" : "join";
  if (!free) return "extra";
  const isOld = upgrade !== null && isCutover(upgrade) && sameVersion(version, upgrade.from_version);
  return isOld || linkVersion === null || sameVersion(linkVersion, version) ? "drive" : "yield";
}

/**
 * Whether the new instance may take the driver's place from an old one that is gone. Not in a revert that has moved the
 * link back already: the supervisor starts the old version through it, and that one finishes the revert.
 */
export function mayTakeOver(version: string, marker: Marker | null, linkVersion: string | null): boolean {
  const reverting = marker?.upgrade.at.step === "reverting";
  return !reverting || linkVersion === null || sameVersion(linkVersion, version);
}
