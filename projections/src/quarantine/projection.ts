// The view of what was rejected or not understood (spec §3.2, quarantine).
import { BUCKETS, type LedgerEntry } from "@upgrade-ledger/contract";
import type { KeyedDocument, Projection } from "../projection.ts";
import { type QuarantineDocument, type QuarantinedEntry, quarantineKeys } from "./document.ts";

export const MAX_QUARANTINE_ENTRIES = 200;
const MAX_TEXT_CHARS = 512;

/** The page that is being filled, and full ones that are still to be stored. */
export interface QuarantineState {
  document: QuarantineDocument;
  finished: KeyedDocument[];
}

export const quarantineProjection: Projection<QuarantineState> = {
  name: "quarantine",
  version: 1,
  bucket: BUCKETS.catalogue,
  keyFilter: "quarantine.>",
  checkpointKey: "_checkpoint.quarantine",
  keyOf: ({ decoded }) => (decoded.kind === "event" ? undefined : quarantineKeys.head),
  initial: () => ({
    document: { page: 1, entries: [], quarantined: 0, unknown: 0, valid_at_seq: 0 },
    finished: [],
  }),
  evolve,
  validAtSeq: ({ document }) => document.valid_at_seq,
  takeDocuments: (state) => {
    const { document } = state;
    const head = { key: quarantineKeys.head, validAtSeq: document.valid_at_seq, value: document };
    const documents = [...state.finished, head];
    state.finished = [];
    return documents;
  },
  restore: (json) => ({ document: JSON.parse(json), finished: [] }),
};

function evolve(state: QuarantineState, entry: LedgerEntry): void {
  const { document } = state;
  const rejected = rejectedEntry(entry);
  if (entry.seq <= document.valid_at_seq || rejected === undefined) return;
  if (document.entries.length >= MAX_QUARANTINE_ENTRIES) finishPage(state);
  document.entries.push(rejected);
  document.quarantined += rejected.kind === "quarantined" ? 1 : 0;
  document.unknown += rejected.kind === "unknown" ? 1 : 0;
  document.valid_at_seq = entry.seq;
}

function finishPage(state: QuarantineState): void {
  const { document } = state;
  state.finished.push({
    key: quarantineKeys.page(document.page),
    validAtSeq: document.valid_at_seq,
    value: { ...document },
  });
  document.page += 1;
  document.entries = [];
}

function rejectedEntry({ seq, ledgerTime, subject, decoded }: LedgerEntry): QuarantinedEntry | undefined {
  const common = {
    seq,
    ledger_time: ledgerTime,
    subject: cut(subject),
    device_id: decoded.deviceId ?? null,
  };
  switch (decoded.kind) {
    case "event":
      return undefined;
    case "unknown": {
      const detail = `type ${decoded.type}, schema version ${decoded.schemaVersion}`;
      return { ...common, kind: "unknown", code: "unknown_type", detail: cut(detail) };
    }
    case "quarantined":
      return { ...common, kind: "quarantined", code: decoded.code, detail: cut(decoded.detail) };
  }
}

function cut(text: string): string {
  return text.length > MAX_TEXT_CHARS ? `${text.slice(0, MAX_TEXT_CHARS)}…` : text;
}
