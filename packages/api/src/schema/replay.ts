import { z } from "zod";
import { apiSchemas } from "./registry.ts";

/** A change of a JSON document (RFC 6902). */
const JsonPatchOperation = z
  .object({
    op: z.enum(["add", "remove", "replace"]),
    /** JSON Pointer. */
    path: z.string(),
    /** Not of `remove`. */
    value: z.unknown().optional(),
  })
  .register(apiSchemas, { id: "JsonPatchOperation" });

/** One event of a device, and the device after it. */
export const ReplayStep = z
  .object({
    seq: z.int().positive(),
    /** The broker's clock. */
    ledger_time: z.string(),
    /** The writer's clock. */
    occurred_at: z.string().nullable(),
    /** Ledger time since the device's event before this one; negative where the broker's clock went back. */
    since_previous_ms: z.int().nullable(),
    event_id: z.string(),
    type: z.string(),
    upgrade_id: z.string().nullable(),
    anomalies: z.array(z.string()),
    /** What it says, in one sentence. */
    text: z.string(),
    /** The events that it relied on; `seq` and `type` are `null` of one that is not this device's. */
    causes: z.array(z.object({ ref: z.string(), seq: z.int().nullable(), type: z.string().nullable() })),
    /** From the state after the device's event before this one to `state`. */
    patch: z.array(JsonPatchOperation),
    /** The device's document after it, as the fold gives it. */
    state: z.record(z.string(), z.unknown()),
  })
  .register(apiSchemas, { id: "ReplayStep" });
export type ReplayStep = z.infer<typeof ReplayStep>;
