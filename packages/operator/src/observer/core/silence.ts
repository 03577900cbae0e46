// When an instance counts as silent (spec §4: offline after 3 intervals).
import { elapsedMs, type Moment } from "../../coordinator/core/moment.ts";

/** When an instance was last heard by this process, or since when this process has listened for it. */
export interface Presence {
  readonly lastHeard: Moment;
  /** The interval that its latest heartbeat claimed, clamped by the contract, milliseconds. */
  readonly intervalMs: number;
}

/** Whether more than `offlineAfterIntervals` of its intervals have passed without a heartbeat. */
export function isSilent(presence: Presence, now: Moment, offlineAfterIntervals: number): boolean {
  return elapsedMs(presence.lastHeard, now) > offlineAfterIntervals * presence.intervalMs;
}
