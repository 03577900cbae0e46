// Schema version 0: an agent that knows only the ADR publishes {"phase":…,"last_error"?} and nothing else (spec §3.2).
import { z } from "zod";
import type { DeviceId, EventRef, UpgradeId } from "../ids.ts";
import { LastError } from "./envelope.ts";

export const ForeignPhase = z.enum([
  "draining",
  "staging",
  "verifying",
  "cutover-ready",
  "stopping",
  "done",
  "failed",
]);

/** Wire form of schema version 0. */
export const ForeignPayload = z
  .looseObject({ phase: z.string().min(1).max(128), last_error: z.string().nullish() })
  .meta({ id: "ForeignEvent" });

/** A version 0 payload brought up to date: an event of its type by an unknown writer, of the device's open upgrade. */
export interface ForeignEvent {
  readonly schema_version: 0;
  readonly event_id: EventRef;
  readonly type: z.infer<typeof ForeignPhase>;
  readonly device_id: DeviceId;
  readonly upgrade_id?: UpgradeId | undefined;
  readonly occurred_at: null;
  readonly writer: null;
  readonly caused_by: readonly EventRef[];
  readonly last_error: string | null;
}

/** Cut to what `last_error` may hold, so that a talkative foreign agent is still read. */
export function foreignError(text: string | null | undefined): string | null {
  return text === null || text === undefined ? null : LastError.parse(text.slice(0, 4096));
}
