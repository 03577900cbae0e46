// The fold of one device's history: what each entry meant for the device, written down (spec §6).
import type { LedgerEntry } from "@upgrade-ledger/contract";
import { applyToDevice, type Meaning } from "../device/apply.ts";
import type { EndedUpgrade } from "../device/document.ts";
import type { RecordedEvent } from "./document.ts";
import { noteVersion } from "./intervals.ts";
import { addOutside, addToRecord } from "./pages.ts";
import { attemptOf, beginRecord, finishRecords } from "./records.ts";
import type { HistoryState } from "./state.ts";
import { moveOlder, noteUpgrade } from "./summaries.ts";

/** Takes in one entry; one that was taken in before changes nothing. */
export function evolveHistory(state: HistoryState, entry: LedgerEntry): void {
  const { document } = state;
  const { current_version: versionBefore, last_upgrade: lastBefore } = document.device;
  const meaning = applyToDevice(document.device, entry);
  if (meaning === undefined) return;
  document.valid_at_seq = entry.seq;
  if (opensUpgrade(meaning)) beginRecord(state, meaning.eventId, entry.seq);
  recordEvent(state, meaning, entry);
  noteVersion(document, versionBefore, meaning, entry);
  noteAttempts(state, meaning, entry);
  finishRecords(state, meaning, lastBefore);
  moveOlder(state, entry.seq);
}

function opensUpgrade({ event, anomalies }: Meaning): boolean {
  if (event?.type !== "desired-version" || anomalies.includes("duplicate")) return false;
  return event.desired_version !== null;
}

function recordEvent(state: HistoryState, meaning: Meaning, entry: LedgerEntry): void {
  const { upgradeId, anomalies } = meaning;
  const recorded: RecordedEvent = {
    seq: entry.seq,
    ledger_time: entry.ledgerTime,
    event_id: meaning.eventId,
    type: meaning.type,
    upgrade_id: upgradeId,
    anomalies,
    event: meaning.event,
  };
  const record = state.document.working.find(({ upgrade_id: id }) => id === upgradeId);
  if (record === undefined) addOutside(state, recorded);
  else addToRecord(state, record, recorded);
  if (!anomalies.includes("late")) return;
  const line = state.document.upgrades.find(({ upgrade_id: id }) => id === upgradeId);
  if (line !== undefined) line.late_events += 1;
}

/** Brings phases and lines up to date for every attempt that the entry touched. */
function noteAttempts(state: HistoryState, meaning: Meaning, entry: LedgerEntry): void {
  const { document } = state;
  for (const record of document.working) {
    const attempt =
      attemptOf(document.device, record.upgrade_id) ?? findEnded(meaning.ended, record.upgrade_id);
    if (attempt === undefined || attempt.updated_seq !== entry.seq) continue;
    record.changed_seq = entry.seq;
    noteUpgrade(document.upgrades, attempt);
    if (record.phases.at(-1)?.phase !== attempt.phase) {
      record.phases.push({
        event_id: meaning.eventId,
        seq: entry.seq,
        phase: attempt.phase,
        at: entry.ledgerTime,
      });
    }
  }
}

function findEnded(ended: readonly EndedUpgrade[], upgradeId: string): EndedUpgrade | undefined {
  return ended.find(({ upgrade_id: id }) => id === upgradeId);
}
