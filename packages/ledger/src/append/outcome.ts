// What becomes of an append (docs/ledger.md holds the table).

/** Why the ledger will not take an event. `full` passes once there is room again; the others will not change by waiting. */
export type RefusalCode = "full" | "too_large" | "invalid" | "forbidden" | "rejected";

export type AppendOutcome =
  /** Stored now, at `seq`. */
  | { readonly kind: "stored"; readonly seq: number }
  /**
   * These very bytes were stored before, at `seq`; nothing was stored now. `verified` is false where this connection
   * may not read what is stored at `seq` (a device), so that the broker's word for it is all there is.
   */
  | { readonly kind: "already-stored"; readonly seq: number; readonly verified: boolean }
  /**
   * The expectation did not hold: `lastSequence` is the subject's last sequence (0: none; `null`: the broker did not say).
   * Nothing was stored, now or before.
   */
  | { readonly kind: "conflict"; readonly lastSequence: number | null }
  /**
   * The id belongs to another event, stored at `seq` on `subject`; nothing was stored now. For a derived id on the same
   * subject it means that another writer said the same first; on another subject, that somebody took the id. `subject` is
   * `null` where this connection may only read its own subject, on which the event is not (a device).
   */
  | { readonly kind: "id-taken"; readonly seq: number; readonly subject: string | null }
  /** Nothing was stored. */
  | { readonly kind: "refused"; readonly code: RefusalCode; readonly detail: string };

/** What becomes of a batch: all of it is stored, in order, or nothing of it. */
export type BatchOutcome =
  | { readonly kind: "stored" }
  /** Nothing was stored now. Which event is to blame (one may be stored already, 10201) shows when they are appended alone. */
  | { readonly kind: "refused"; readonly detail: string };

/** Optimistic concurrency: the append holds only if `subject`'s last sequence is still `lastSequence` (0: no event yet). */
export interface Expectation {
  /** An exact subject; a wildcard is not safe with three replicas (spec §5). */
  readonly subject: string;
  readonly lastSequence: number;
}

export interface EncodedEvent {
  readonly eventId: string;
  readonly subject: string;
  readonly data: Uint8Array;
  readonly expect?: Expectation | undefined;
  /** More headers, such as `Ledger-Signature`. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}
