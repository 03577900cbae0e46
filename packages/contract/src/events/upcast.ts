// Upcasters bring an older payload up to the current schema version, one step each (spec §3.2).
import { SCHEMA_VERSION } from "./envelope.ts";

export type RawEvent = Readonly<Record<string, unknown>>;
export type Upcaster = (event: RawEvent) => RawEvent;

/** `UPCASTERS[n]` takes version n to n + 1. Version 0 has a reader of its own: it lacks the whole envelope (foreign.ts). */
export const UPCASTERS: Readonly<Record<number, Upcaster>> = {};

/** Applies the steps from `version` up to `target` in order; throws if one is missing, which is a defect of this program. */
export function upcast(
  event: RawEvent,
  version: number,
  upcasters: Readonly<Record<number, Upcaster>> = UPCASTERS,
  target: number = SCHEMA_VERSION,
): RawEvent {
  let current = event;
  for (let step = version; step < target; step++) {
    const upcaster = upcasters[step];
    if (upcaster === undefined) throw new Error(`no upcaster from schema version ${step} to ${step + 1}`);
    current = { ...upcaster(current), schema_version: step + 1 };
  }
  return current;
}
