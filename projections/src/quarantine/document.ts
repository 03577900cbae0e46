// What was stored and could not be believed or understood: KV `upgrade-catalogue`, keys `quarantine.<page>` (spec §3.2).
import type { QuarantineCode } from "@upgrade-ledger/contract";

export interface QuarantinedEntry {
  seq: number;
  ledger_time: string;
  subject: string;
  /** The device that the subject names; `null` if it names none. */
  device_id: string | null;
  /** `unknown`: a type or schema version of the future; kept and counted, no fault of the writer. */
  kind: "quarantined" | "unknown";
  code: QuarantineCode | "unknown_type";
  /** In words. The raw bytes are in the ledger, under `seq`. */
  detail: string;
}

/** Key `quarantine.head` while it is being filled; earlier ones `quarantine.page-<n>`. */
export interface QuarantineDocument {
  page: number;
  entries: QuarantinedEntry[];
  /** Since the beginning of the ledger. */
  quarantined: number;
  unknown: number;
  valid_at_seq: number;
}

export const quarantineKeys = {
  head: "quarantine.head",
  page: (page: number) => `quarantine.page-${page}`,
} as const;
