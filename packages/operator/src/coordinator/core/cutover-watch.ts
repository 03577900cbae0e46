// What this process has received live since it read a cutover-ready event (spec §5, condition 3). Never stored:
// after a restart or a fail-over it begins empty, so that every process observes for itself.
import type { EventRef, InstanceId, ReadHeartbeat } from "@upgrade-ledger/contract";
import { extendRun, type HeartbeatRun, isBroken, type RecordedObservation } from "./heartbeat-run.ts";
import { elapsedMs, type Moment } from "./moment.ts";

/** Instances of one device that are kept apart; more than these at once are a doubt, and nothing is stopped. */
export const MAX_INSTANCES = 16;
/** How long an instance that did not fit keeps being a doubt: twice the longest interval that a heartbeat may claim. */
const CROWDED_MS = 60_000;

export interface CutoverWatch {
  /** The `cutover-ready` event whose reading opened the watch. */
  readonly cutoverEventId: EventRef;
  readonly openedAt: Moment;
  readonly runs: ReadonlyMap<InstanceId, HeartbeatRun>;
  readonly nextRunId: number;
  /** When an instance last did not fit. */
  readonly crowdedAt: Moment | null;
  /** The latest stop that this process has read in the ledger: the wait for an answer is counted from there. */
  readonly stop: { readonly attempt: number; readonly readAt: Moment } | null;
  /** A stop was refused by the broker because the ledger holds a newer command, at this sequence: until it is read, none is issued. */
  readonly newerCommandSeq: number;
  /** This process has appended that the upgrade is stalled. */
  readonly stallNoted: boolean;
}

/** Begins to observe: call it when the `cutover-ready` event is read, with the moment of reading. */
export function openWatch(cutoverEventId: EventRef, at: Moment): CutoverWatch {
  return {
    cutoverEventId,
    openedAt: at,
    runs: new Map(),
    nextRunId: 1,
    crowdedAt: null,
    stop: null,
    newerCommandSeq: 0,
    stallNoted: false,
  };
}

/** Takes a heartbeat that was received live at `at` into account. */
export function observe(watch: CutoverWatch, heartbeat: ReadHeartbeat, at: Moment): CutoverWatch {
  const runs = new Map(watch.runs);
  const known = runs.get(heartbeat.instance_id);
  if (known === undefined && runs.size >= MAX_INSTANCES && !evict(runs, at)) {
    return { ...watch, crowdedAt: at };
  }
  const run = extendRun(known, heartbeat, at, watch.nextRunId);
  runs.set(heartbeat.instance_id, run);
  return { ...watch, runs, nextRunId: watch.nextRunId + 1 };
}

/** Notes that a heartbeat of run `runId` is now in the ledger; without effect if that run has been broken meanwhile. */
export function recordObservation(
  watch: CutoverWatch,
  instanceId: InstanceId,
  runId: number,
  recorded: RecordedObservation,
): CutoverWatch {
  const run = watch.runs.get(instanceId);
  if (run?.id !== runId) return watch;
  return { ...watch, runs: new Map(watch.runs).set(instanceId, { ...run, recorded }) };
}

/** Notes when this process read the stop of `attempt`; the first reading counts. */
export function noteStop(watch: CutoverWatch, attempt: number, at: Moment): CutoverWatch {
  if (watch.stop !== null && watch.stop.attempt >= attempt) return watch;
  return { ...watch, stop: { attempt, readAt: at } };
}

/** Notes that the broker refused a stop because of a command at `seq`, or later (spec §5, condition 4). */
export function noteNewerCommand(watch: CutoverWatch, seq: number): CutoverWatch {
  return { ...watch, newerCommandSeq: Math.max(watch.newerCommandSeq, seq) };
}

/** Notes that the ledger was told that the upgrade is stalled. */
export function noteStall(watch: CutoverWatch): CutoverWatch {
  return { ...watch, stallNoted: true };
}

/** Whether more instances send heartbeats than are kept apart. */
export function isCrowded(watch: CutoverWatch, now: Moment): boolean {
  return watch.crowdedAt !== null && elapsedMs(watch.crowdedAt, now) <= CROWDED_MS;
}

function evict(runs: Map<InstanceId, HeartbeatRun>, now: Moment): boolean {
  for (const [instanceId, run] of runs) {
    if (isBroken(run, now)) return runs.delete(instanceId);
  }
  return false;
}
