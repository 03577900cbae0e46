// From what a history keeps of an event back to the entry that folds take in.
import { type LedgerEntry, subjectOf, subjects } from "@upgrade-ledger/contract";
import type { RecordedEvent } from "../history/document.ts";

/** The ledger entry as it was read; `undefined` for one of the future, which only the ledger itself holds. */
export function entryOfRecorded({
  seq,
  ledger_time: ledgerTime,
  event,
}: RecordedEvent): LedgerEntry | undefined {
  if (event === null) return undefined;
  const subject = event.schema_version === 0 ? subjects.deviceState(event.device_id) : subjectOf(event);
  return { seq, subject, ledgerTime, decoded: { kind: "event", deviceId: event.device_id, event } };
}
