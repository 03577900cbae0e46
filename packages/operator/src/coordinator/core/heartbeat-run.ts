// An unbroken row of live heartbeats in which one instance keeps saying the same (spec §5, condition 3).
import type {
  AgentState,
  EventId,
  InstanceId,
  ReadHeartbeat,
  ReportedVersion,
  UpgradeId,
} from "@upgrade-ledger/contract";
import { elapsedMs, type Moment } from "./moment.ts";

/** How many of its own intervals an instance may stay quiet before its row of heartbeats counts as broken (spec §5). */
export const MAX_GAP_INTERVALS = 2;

/** A heartbeat of the run that is in the ledger as `agent-observed`, so that a stop can cite it. */
export interface RecordedObservation {
  readonly eventId: EventId;
  /** Ledger sequence at which it is stored. */
  readonly seq: number;
  /** The attempt at a stop for which it was recorded: each attempt needs evidence of its own. */
  readonly attempt: number;
  /** When the deciding heartbeat was received. */
  readonly heartbeatAt: Moment;
  /** How long the run had lasted then, milliseconds. */
  readonly observedForMs: number;
}

export interface HeartbeatRun {
  /** Tells one run of an instance from the next. */
  readonly id: number;
  readonly instanceId: InstanceId;
  readonly version: ReportedVersion;
  readonly state: AgentState | null;
  readonly upgradeId: UpgradeId | null;
  /** What the latest heartbeat claimed, clamped by the contract, milliseconds. */
  readonly intervalMs: number;
  readonly first: Moment;
  readonly last: Moment;
  /** The device's own stamp on the latest heartbeat, which only serves to recognise repeats. */
  readonly sentAt: string | null;
  readonly recorded: RecordedObservation | null;
}

/**
 * Takes one more heartbeat of an instance into account. It prolongs the run, begins a new one if it says
 * something else, comes too late or out of order, and changes nothing if it is a repeat of the latest one.
 */
export function extendRun(
  run: HeartbeatRun | undefined,
  heartbeat: ReadHeartbeat,
  at: Moment,
  nextId: number,
): HeartbeatRun {
  if (run === undefined) return startRun(heartbeat, at, nextId);
  const order = comparable(run.sentAt, heartbeat.sent_at);
  const same = saysTheSame(run, heartbeat);
  if (same && order === "repeat") return run;
  if (!same || order === "earlier" || isBroken(run, at)) return startRun(heartbeat, at, nextId);
  return { ...run, intervalMs: heartbeat.interval_ms, last: at, sentAt: heartbeat.sent_at };
}

/** Whether the instance has been quiet for longer than a run may have gaps. */
export function isBroken(run: HeartbeatRun, now: Moment): boolean {
  return elapsedMs(run.last, now) > MAX_GAP_INTERVALS * run.intervalMs;
}

/** How long the run has lasted, from its first to its latest heartbeat, milliseconds. */
export function lengthMs(run: HeartbeatRun): number {
  return elapsedMs(run.first, run.last);
}

function startRun(heartbeat: ReadHeartbeat, at: Moment, id: number): HeartbeatRun {
  return {
    id,
    instanceId: heartbeat.instance_id,
    version: heartbeat.current_version,
    state: heartbeat.agent_state,
    upgradeId: heartbeat.upgrade_id,
    intervalMs: heartbeat.interval_ms,
    first: at,
    last: at,
    sentAt: heartbeat.sent_at,
    recorded: null,
  };
}

function saysTheSame(run: HeartbeatRun, heartbeat: ReadHeartbeat): boolean {
  return (
    run.version === heartbeat.current_version &&
    run.state === heartbeat.agent_state &&
    run.upgradeId === heartbeat.upgrade_id
  );
}

function comparable(previous: string | null, next: string | null): "later" | "repeat" | "earlier" {
  if (previous === null || next === null) return "later";
  if (previous === next) return "repeat";
  return Date.parse(next) < Date.parse(previous) ? "earlier" : "later";
}
