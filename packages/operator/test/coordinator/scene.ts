// A device in which all four conditions of spec §5 hold, to be spoilt by tests one condition at a time.
import {
  DeviceId,
  EventId,
  InstanceId,
  type ReadHeartbeat,
  UpgradeId,
  Version,
} from "@upgrade-ledger/contract";
import {
  type CutoverWatch,
  noteStop,
  observe,
  openWatch,
  recordObservation,
} from "../../src/coordinator/core/cutover-watch.ts";
import type { DecisionView } from "../../src/coordinator/core/decide.ts";
import type { Moment } from "../../src/coordinator/core/moment.ts";
import type { CoordinatorSettings } from "../../src/coordinator/core/settings.ts";
import type { StopView, UpgradeView } from "../../src/coordinator/core/upgrade-view.ts";

export const DEVICE = DeviceId.parse("pi-0042");
export const OLD = InstanceId.parse("old");
export const NEW = InstanceId.parse("new");
export const THIRD = InstanceId.parse("third");
export const UPGRADE = UpgradeId.parse("01930000-0000-7000-8000-00000000000a");
export const OTHER_UPGRADE = UpgradeId.parse("01930000-0000-7000-8000-00000000000b");
export const CUTOVER = EventId.parse("01930000-0000-7000-8000-000000000001");
export const OBSERVED = EventId.parse("01930000-0000-7000-8000-000000000002");
export const FIRST_STOP = EventId.parse("01930000-0000-8000-8000-000000000003");
export const REFUSAL = EventId.parse("01930000-0000-7000-8000-000000000004");
export const INTERVAL_MS = 1_000;

export const SETTINGS: CoordinatorSettings = {
  soakMs: 5_000,
  deadlineMs: 30_000,
  stopRetryAfterMs: 30_000,
  maxStopAttempts: 5,
};

/** `ms` on both clocks. */
export function at(ms: number): Moment {
  return { monotonicMs: ms, time: new Date(Date.UTC(2026, 4, 6) + ms).toISOString() };
}

export function upgradeView(changes: Partial<UpgradeView> = {}): UpgradeView {
  return {
    deviceId: DEVICE,
    upgradeId: UPGRADE,
    desiredVersion: Version.parse("0.1.2"),
    commandSeq: 7,
    newerCommand: null,
    phase: "cutover-ready",
    phaseSince: at(0).time,
    cutover: { eventId: CUTOVER, seq: 20, at: at(0).time, oldInstanceId: OLD, foreign: false },
    stops: [],
    stalled: false,
    observations: new Map([[OLD, EventId.parse("01930000-0000-8000-8000-0000000000ff")]]),
    ...changes,
  };
}

export function heartbeat(instanceId: InstanceId, changes: Partial<ReadHeartbeat> = {}): ReadHeartbeat {
  return {
    device_id: DEVICE,
    instance_id: instanceId,
    current_version: Version.parse(instanceId === OLD ? "0.1.1" : "0.1.2"),
    agent_state: instanceId === OLD ? "cutover-ready" : "running",
    upgrade_id: UPGRADE,
    interval_ms: INTERVAL_MS,
    sent_at: null,
    progress: null,
    ...changes,
  };
}

/** A watch opened at `fromMs` that hears each of `beats` every interval up to `toMs`. */
export function hear(
  watch: CutoverWatch,
  beats: readonly ReadHeartbeat[],
  fromMs: number,
  toMs: number,
): CutoverWatch {
  let heard = watch;
  for (let ms = fromMs; ms <= toMs; ms += INTERVAL_MS) {
    for (const beat of beats) heard = observe(heard, beat, at(ms));
  }
  return heard;
}

export const START = openWatch(CUTOVER, at(0));
export const NOW = at(10_000);

/** Both instances heard every interval from 0 to 10 s. */
export function watchUntilNow(
  beats: readonly ReadHeartbeat[] = [heartbeat(OLD), heartbeat(NEW)],
): CutoverWatch {
  return hear(START, beats, 0, NOW.monotonicMs);
}

/** Notes that the present run of `instanceId` is in the ledger as {@link OBSERVED}. */
export function recorded(watch: CutoverWatch, attempt = 1, seq = 21, instanceId = NEW): CutoverWatch {
  const run = watch.runs.get(instanceId);
  if (run === undefined) return watch;
  return recordObservation(watch, instanceId, run.id, {
    eventId: OBSERVED,
    seq,
    attempt,
    heartbeatAt: run.last,
    observedForMs: run.last.monotonicMs - run.first.monotonicMs,
  });
}

export function issuedStop(attempt: number, changes: Partial<StopView> = {}): StopView {
  return {
    eventId: FIRST_STOP,
    attempt,
    at: at(0).time,
    deadlineMs: SETTINGS.deadlineMs,
    refusal: null,
    ...changes,
  };
}

/** The watch as it is when the stop of `attempt` was read `agoMs` before {@link NOW}. */
export function stopRead(watch: CutoverWatch, attempt: number, agoMs: number): CutoverWatch {
  return noteStop(watch, attempt, at(NOW.monotonicMs - agoMs));
}

export function decisionView(changes: Partial<DecisionView> = {}): DecisionView {
  return { upgrade: upgradeView(), watch: recorded(watchUntilNow()), settings: SETTINGS, ...changes };
}
