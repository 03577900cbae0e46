import { z } from "zod";
import { apiSchemas } from "./registry.ts";

/** One message of the ledger, as it is stored and as it is read. */
export const LedgerItem = z
  .object({
    seq: z.int().positive(),
    subject: z.string(),
    /** The broker's clock: the one of record. */
    ledger_time: z.string(),
    /** `event`: understood; `unknown`: of the future, kept; `quarantined`: not to be believed. */
    kind: z.enum(["event", "unknown", "quarantined"]),
    /** Its type, or `quarantined`. */
    type: z.string(),
    event_id: z.string(),
    device_id: z.string().nullable(),
    upgrade_id: z.string().nullable(),
    /** The writer's clock. */
    occurred_at: z.string().nullable(),
    /** Why it is quarantined. */
    detail: z.string().nullable(),
    /** As it was published; `null` if it is not a JSON object. */
    payload: z.record(z.string(), z.unknown()).nullable(),
  })
  .register(apiSchemas, { id: "LedgerItem" });
export type LedgerItem = z.infer<typeof LedgerItem>;

/** One event with everything that is stored of it. */
export const LedgerItemDetail = LedgerItem.extend({
  headers: z.record(z.string(), z.array(z.string())),
  /** The bytes as they were published, base64. */
  raw: z.base64(),
  /** SHA-256 of the bytes: what the next event's `prev_hash` says. */
  hash: z.string(),
}).register(apiSchemas, { id: "LedgerItemDetail" });

export const QuarantinedItem = z
  .object({
    seq: z.int().positive(),
    ledger_time: z.string(),
    subject: z.string(),
    device_id: z.string().nullable(),
    kind: z.enum(["quarantined", "unknown"]),
    code: z.string(),
    detail: z.string(),
    /** The bytes as they were published, base64. */
    raw: z.base64(),
  })
  .register(apiSchemas, { id: "QuarantinedItem" });
