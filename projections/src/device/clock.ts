// Whether a writer's clock can be right (spec §6, clock skew). Late delivery is no skew: a device may have been away for weeks.
import { note, type Step } from "./step.ts";

/** How far a writer's clock may be off before it is noted, milliseconds. */
export const CLOCK_TOLERANCE_MS = 60_000;

/** Notes an event that claims to have happened after it was stored, or before the request that it answers. */
export function checkClock(step: Step, occurredAt: string, notBefore: string | undefined): void {
  if (isAfter(occurredAt, step.at) || (notBefore !== undefined && isAfter(notBefore, occurredAt))) {
    note(step, "clock_skew");
  }
}

function isAfter(later: string, earlier: string): boolean {
  // Both in milliseconds and UTC: they sort as text, which spares nearly every event the parsing.
  if (later.length === earlier.length && later <= earlier) return false;
  return Date.parse(later) - Date.parse(earlier) > CLOCK_TOLERANCE_MS;
}
