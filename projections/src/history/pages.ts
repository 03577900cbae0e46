// Events are gathered in pages; a full one is finished and never touched again.
import { MAX_PAGE_BYTES, MAX_PAGE_EVENTS } from "./bounds.ts";
import { historyKeys, type RecordedEvent, type WorkingRecord } from "./document.ts";
import { emptyPage, type HistoryState } from "./state.ts";

/** Adds an entry that belongs to no record that may still change. */
export function addOutside(state: HistoryState, recorded: RecordedEvent): void {
  const { document } = state;
  const bytes = sizeOf(recorded);
  if (isFull(document.outside, bytes)) {
    const full = document.outside;
    const key = historyKeys.eventPage(document.device_id, full.page);
    state.finished.push({ key, validAtSeq: full.valid_at_seq, value: full });
    document.outside = emptyPage(document.device_id, null, full.page + 1);
  }
  document.outside.events.push(recorded);
  document.outside.bytes += bytes;
  document.outside.valid_at_seq = recorded.seq;
}

/** Adds an entry to the record of its attempt. */
export function addToRecord(state: HistoryState, record: WorkingRecord, recorded: RecordedEvent): void {
  const bytes = sizeOf(recorded);
  if (isFull(record, bytes)) finishRecordPage(state, record);
  record.events.push(recorded);
  record.bytes += bytes;
  record.event_count += 1;
  record.changed_seq = recorded.seq;
}

function finishRecordPage(state: HistoryState, record: WorkingRecord): void {
  const deviceId = state.document.device_id;
  record.event_pages += 1;
  state.finished.push({
    key: historyKeys.recordPage(deviceId, record.upgrade_id, record.event_pages),
    validAtSeq: record.changed_seq,
    value: {
      ...emptyPage(deviceId, record.upgrade_id, record.event_pages),
      events: record.events,
      bytes: record.bytes,
      valid_at_seq: record.changed_seq,
    },
  });
  record.events = [];
  record.bytes = 0;
}

function isFull(page: { readonly events: readonly RecordedEvent[]; readonly bytes: number }, bytes: number) {
  if (page.events.length === 0) return false;
  return page.events.length >= MAX_PAGE_EVENTS || page.bytes + bytes > MAX_PAGE_BYTES;
}

function sizeOf(recorded: RecordedEvent): number {
  return Buffer.byteLength(JSON.stringify(recorded));
}
