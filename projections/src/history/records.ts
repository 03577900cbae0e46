// One record for each attempt, from the request on; finished when nothing can change it any more (spec §6).
import type { Meaning } from "../device/apply.ts";
import type { DeviceDocument, EndedUpgrade, OpenUpgrade } from "../device/document.ts";
import { historyKeys, type UpgradeRecord, type WorkingRecord } from "./document.ts";
import type { HistoryState } from "./state.ts";

export function beginRecord(state: HistoryState, upgradeId: string, seq: number): void {
  state.document.working.push({
    upgrade_id: upgradeId,
    phases: [],
    events: [],
    event_pages: 0,
    event_count: 0,
    bytes: 0,
    changed_seq: seq,
  });
}

/** The attempt of a record that may still change. */
export function attemptOf(device: DeviceDocument, upgradeId: string): OpenUpgrade | EndedUpgrade | undefined {
  return [device.upgrade, device.queued, device.last_upgrade]
    .filter((upgrade) => upgrade !== null)
    .find((upgrade) => upgrade.upgrade_id === upgradeId);
}

/** Records of attempts that are neither open nor queued nor the last one are done with. */
export function finishRecords(state: HistoryState, meaning: Meaning, lastBefore: EndedUpgrade | null): void {
  const { document } = state;
  const over = document.working.filter(({ upgrade_id: id }) => attemptOf(document.device, id) === undefined);
  if (over.length === 0) return;
  for (const record of over) {
    const attempt = [lastBefore, ...meaning.ended].find((ended) => ended?.upgrade_id === record.upgrade_id);
    if (attempt === undefined || attempt === null) continue;
    state.finished.push({
      key: historyKeys.record(document.device_id, record.upgrade_id),
      validAtSeq: record.changed_seq,
      value: wholeRecord(document.device_id, record, attempt),
    });
  }
  document.working = document.working.filter(
    ({ upgrade_id: id }) => attemptOf(document.device, id) !== undefined,
  );
}

/** The record as readers get it. */
export function wholeRecord(
  deviceId: string,
  record: WorkingRecord,
  attempt: OpenUpgrade | EndedUpgrade,
): UpgradeRecord {
  return {
    device_id: deviceId,
    upgrade_id: record.upgrade_id,
    upgrade: attempt,
    outcome: "outcome" in attempt ? attempt.outcome : null,
    phases: record.phases,
    events: record.events,
    event_pages: record.event_pages,
    event_count: record.event_count,
    valid_at_seq: record.changed_seq,
  };
}
