// Which version ran from when to when: exactly the changes of the device's `current_version` (spec §6).
import { sameVersion } from "@upgrade-ledger/contract";
import type { Meaning } from "../device/apply.ts";
import type { DeviceDocument, UpgradeCommon } from "../device/document.ts";
import { cutText } from "./bounds.ts";
import type { HistoryDocument, IntervalOrigin } from "./document.ts";

/** Ends the running interval and begins another if the entry changed the version that runs. */
export function noteVersion(
  document: HistoryDocument,
  before: string,
  meaning: Meaning,
  entry: { readonly seq: number; readonly ledgerTime: string },
): void {
  const { device, intervals } = document;
  const running = intervals.at(-1);
  if (meaning.type === "reverted" && running?.how === "unrequested") {
    running.how = "revert";
    running.upgrade_id = meaning.upgradeId;
  }
  const version = device.current_version;
  if (version === before || sameVersion(version, before)) return;
  if (running !== undefined) {
    running.to = entry.ledgerTime;
    running.to_seq = entry.seq;
  }
  const how = originOf(running === undefined, meaning);
  const upgrade = how === "upgrade" ? upgradeTo(device, meaning, version) : undefined;
  intervals.push({
    version,
    from: entry.ledgerTime,
    from_seq: entry.seq,
    to: null,
    to_seq: null,
    how,
    event_id: meaning.eventId,
    upgrade_id: upgrade?.upgrade_id ?? (how === "revert" ? meaning.upgradeId : null),
    requested_by: upgrade?.requested_by ?? null,
    reason: upgrade === undefined ? null : cutText(upgrade.reason),
  });
}

function originOf(isFirst: boolean, meaning: Meaning): IntervalOrigin {
  if (meaning.type === "done") return "upgrade";
  if (isFirst) return "first-seen";
  if (meaning.anomalies.includes("unrequested_version")) return "unrequested";
  return meaning.wentBack ? "revert" : "upgrade";
}

function upgradeTo(device: DeviceDocument, meaning: Meaning, version: string): UpgradeCommon | undefined {
  return [...meaning.ended, device.upgrade, device.queued, device.last_upgrade]
    .filter((upgrade) => upgrade !== null)
    .find((upgrade) => sameVersion(upgrade.to_version, version));
}
