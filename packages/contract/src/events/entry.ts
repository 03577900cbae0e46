// One ledger message as readers and folds get it.
import type { Decoded } from "./decode.ts";

export interface LedgerEntry {
  /** Ledger sequence: the one order of record. */
  readonly seq: number;
  readonly subject: string;
  /** Ledger time: the broker's timestamp, RFC 3339 UTC with milliseconds; the one clock of record. It may step back. */
  readonly ledgerTime: string;
  readonly decoded: Decoded;
}
