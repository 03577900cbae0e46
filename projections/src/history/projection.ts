// The projection of each device's version history and attempts (spec §6).
import { BUCKETS } from "@upgrade-ledger/contract";
import type { KeyedDocument, Projection } from "../projection.ts";
import { type HistoryDocument, historyKeys } from "./document.ts";
import { evolveHistory } from "./evolve.ts";
import { attemptOf, wholeRecord } from "./records.ts";
import { type HistoryState, initialHistory } from "./state.ts";

export const HISTORY_PROJECTION_VERSION = 2;

export const historyProjection: Projection<HistoryState> = {
  name: "history",
  version: HISTORY_PROJECTION_VERSION,
  bucket: BUCKETS.histories,
  keyFilter: ">",
  checkpointKey: "_checkpoint",
  keyOf: ({ decoded }) => (decoded.kind === "quarantined" ? undefined : decoded.deviceId),
  initial: initialHistory,
  evolve: evolveHistory,
  validAtSeq: ({ document }) => document.valid_at_seq,
  takeDocuments,
  restore: (json) => {
    const document: HistoryDocument = JSON.parse(json);
    return { document, finished: [], taken_seq: document.valid_at_seq };
  },
};

function takeDocuments(state: HistoryState): KeyedDocument[] {
  const { document, finished, taken_seq: taken } = state;
  const { device_id: deviceId, outside } = document;
  const documents = [...finished];
  for (const record of document.working) {
    const attempt = attemptOf(document.device, record.upgrade_id);
    if (attempt === undefined || record.changed_seq <= taken) continue;
    const key = historyKeys.record(deviceId, record.upgrade_id);
    documents.push({
      key,
      validAtSeq: record.changed_seq,
      value: wholeRecord(deviceId, record, attempt),
    });
  }
  if (outside.valid_at_seq > taken) {
    const key = historyKeys.eventPage(deviceId, outside.page);
    documents.push({ key, validAtSeq: outside.valid_at_seq, value: outside });
  }
  documents.push({
    key: historyKeys.history(deviceId),
    validAtSeq: document.valid_at_seq,
    value: document,
  });
  state.finished = [];
  state.taken_seq = document.valid_at_seq;
  return documents;
}
