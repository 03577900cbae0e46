import type { KeyedDocument } from "../projection.ts";
import { initialDevice } from "../device/initial.ts";
import type { EventPage, HistoryDocument } from "./document.ts";

/** A history in memory: its document, and the finished pages and records that are still to be stored. */
export interface HistoryState {
  document: HistoryDocument;
  finished: KeyedDocument[];
  /** Up to which sequence changed documents have been taken. */
  taken_seq: number;
}

export function initialHistory(deviceId: string): HistoryState {
  return {
    document: {
      device_id: deviceId,
      intervals: [],
      upgrades: [],
      older_pages: 0,
      outside: emptyPage(deviceId, null, 1),
      working: [],
      device: initialDevice(deviceId),
      valid_at_seq: 0,
    },
    finished: [],
    taken_seq: 0,
  };
}

export function emptyPage(deviceId: string, upgradeId: string | null, page: number): EventPage {
  return { device_id: deviceId, upgrade_id: upgradeId, page, events: [], bytes: 0, valid_at_seq: 0 };
}
