// The current state of one device as the ledger gives it: KV `upgrade-devices`, key <device_id> (spec §6).
import type {
  AgentState,
  Artifact,
  FailureCode,
  Outcome,
  StopEvidence,
  UpgradePhase,
} from "@upgrade-ledger/contract";

/** What was strange about an event (spec §6). Counted, shown, and changing nothing else. */
export const ANOMALY_KINDS = [
  "duplicate",
  "gap",
  "out_of_order",
  "late",
  "unknown",
  "clock_skew",
  "unrequested_version",
  "ended_without_stop",
] as const;
export type AnomalyKind = (typeof ANOMALY_KINDS)[number];
export type AnomalyCounts = Record<AnomalyKind, number>;

/** `active`: the one agent; `old` and `new`: both of a cutover; `gone`: it has ended or was replaced. */
export type InstanceRole = "active" | "old" | "new" | "gone";

export interface Instance {
  instance_id: string;
  role: InstanceRole;
  /** As reported; `unknown` where the agent gives none. */
  current_version: string;
  /** As last observed in heartbeats; `null` if never, or where a foreign agent gives none. */
  agent_state: AgentState | null;
  /** The version that the operator itself last saw in its heartbeats; `null` if it never saw one. */
  observed_version: string | null;
  /** Ledger time of the first event by or about it. */
  first_seen_at: string;
  first_seen_seq: number;
  /** Ledger time, sequence and id of the latest `agent-observed` about it; `null` if there is none. */
  last_observed_at: string | null;
  last_observed_seq: number | null;
  observed_event_id: string | null;
  /** When its last heartbeat was received, if it has been silent since (`agent-silent`). */
  silent_since: string | null;
}

/** A reference to the event that something rests on. */
export interface Cited {
  event_id: string;
  seq: number;
}

/** The latest `cutover-ready` of an open upgrade; what the coordinator's second condition asks for (spec §5). */
export interface CutoverReadyAt extends Cited {
  at: string;
  /**
   * The old instance. Our agents: the event's writer. A foreign agent: the one seen in heartbeats before its
   * `cutover-ready` at another version than the desired one (spec §3.2); `null` if there was none.
   */
  instance_id: string | null;
  /** Whether an agent wrote it that knows only the ADR. */
  foreign: boolean;
}

/** One `upgrade-stop` of the upgrade, and what came of it. */
export interface StopIssued extends Cited {
  attempt: number;
  /** Ledger time. */
  issued_at: string;
  deadline_ms: number;
  stop_instance_id: string;
  reason: string;
  evidence: StopEvidence;
  /** The old instance obeys it (`stopping`). */
  accepted: (Cited & { at: string }) | null;
  /** The old instance stays, and why (`stop-refused`). */
  refused: (Cited & { at: string; reason_code: string; last_error: string | null }) | null;
}

export interface Stalled extends Cited {
  phase: UpgradePhase;
  since: string;
}

/** What an open and an ended upgrade have in common. */
export interface UpgradeCommon {
  upgrade_id: string;
  from_version: string;
  to_version: string;
  phase: UpgradePhase;
  phase_since: string;
  requested_at: string;
  requested_seq: number;
  requested_by: string;
  reason: string;
  last_error: string | null;
  reason_code: FailureCode | null;
  /** The latest stop signal of this upgrade. */
  stop_event_id: string | null;
  /** How many events an agent has written about it; while it is 0, the device may never have seen it. */
  agent_events: number;
  /** Ledger time and sequence of the latest event of this upgrade. */
  updated_at: string;
  updated_seq: number;
  cutover_ready: CutoverReadyAt | null;
  stops: StopIssued[];
  /** The observer found that it stays in one phase for too long; `null` again with the next sign of progress. */
  stalled: Stalled | null;
  /** Somebody asked to cancel it; it stays open until the agent says so. */
  cancel: Cited | null;
}

/** An upgrade that has not ended. `GET /v1/devices/{id}`: `upgrade` (add `waiting_for` with `waitingFor`). */
export type OpenUpgrade = UpgradeCommon;

/** An upgrade that has ended. `phase` is the one that it ended in. */
export interface EndedUpgrade extends UpgradeCommon {
  outcome: Outcome;
  /** Ledger time of the terminal event. */
  completed_at: string;
  /** The event that ended it: of the agent, or the `desired-version` by which the fold itself ended it. */
  ended_by: Cited & { type: string };
  /** The instance that wrote `done` (of a foreign agent: the new one); `null` for other outcomes, or if unknown. */
  done_by: string | null;
  /** `done` only: the operator itself has observed that instance at that version (spec §6). Never taken back. */
  verified: boolean;
  verified_by: Cited | null;
  /** The version that was `done` went back later. The outcome stays; the device is failed. */
  reverted:
    | (Cited & { at: string; to_version: string; reason_code: string; last_error: string | null })
    | null;
}

export interface PendingSchedule extends Cited {
  desired_version: string;
  artifact: Artifact | null;
  not_before: string;
  expires_at: string | null;
  actor: string;
  reason: string;
  at: string;
}

/** A version that runs although nobody asked for it. */
export interface Unrequested extends Cited {
  version: string;
  at: string;
}

export interface Enrolment {
  state: "enrolled" | "revoked";
  public_key: string;
  at: string;
  seq: number;
}

/** How far one writer's chain of events about this device has been read (spec §3.2, Chain). */
export interface WriterPosition {
  instance_id: string;
  /** Highest `writer.sequence` so far. */
  sequence: number;
  event_id: string;
  /** Ledger sequence of its latest event. */
  seq: number;
  /** Numbers below `sequence` that have not come, as inclusive ranges; the oldest are forgotten beyond a bound. */
  missing: [number, number][];
}

/** What tells duplicates, gaps and order. Bounded. Of no use to readers: strip it where memory counts. */
export interface Bookkeeping {
  writers: WriterPosition[];
  /** Writers that have been quiet for long, in short: the end of the instance id, `:`, the last sequence; oldest first. */
  quiet_writers: string[];
  /** The latest event ids of all writers but agents, oldest first. */
  recent_event_ids: string[];
  /** The latest upgrade ids, oldest first. */
  recent_upgrade_ids: string[];
  /** Unknown events whose place in a chain could not be read, and which may therefore look like gaps. */
  unplaced: number;
}

export interface DeviceDocument {
  device_id: string;
  /** Of the open upgrade; `scheduled` when none is open and one is scheduled; otherwise `running`. */
  phase: UpgradePhase | "running";
  /** Ledger time; `null` until the first event. */
  phase_since: string | null;
  /** What the active agent runs (during a cutover: the old one); `unknown` if never reported. */
  current_version: string;
  /** `null` if never asked for, or cancelled. */
  desired_version: string | null;
  upgrade: OpenUpgrade | null;
  /** A newer one that was asked for while `upgrade` was under way; the coordinator's "latest desired version". */
  queued: OpenUpgrade | null;
  last_upgrade: EndedUpgrade | null;
  schedule: PendingSchedule | null;
  unrequested: Unrequested | null;
  instances: Instance[];
  anomalies: AnomalyCounts;
  policy: "pinned" | "latest";
  enrolment: Enrolment | null;
  /** Ledger time of the first event. */
  first_seen_at: string | null;
  last_error: string | null;
  /** Ledger sequence of the last `desired-version` that was understood, duplicates included; 0 if none. The coordinator expects exactly it. */
  last_command_seq: number;
  /** Ledger sequence of the last `upgrade-stop`, 0 if none. */
  last_stop_seq: number;
  bookkeeping: Bookkeeping;
  /** Ledger sequence and time of the last entry about this device. */
  valid_at_seq: number;
  valid_at_time: string | null;
}
