// Tells the story of a ledger as bytes on subjects, and reads it back through the contract like any reader.
import {
  decode,
  DeviceId,
  type EventType,
  type LedgerEntry,
  subjectFor,
  subjects,
  type WriterRole,
} from "@upgrade-ledger/contract";
import {
  type DeviceDocument,
  deviceProjection,
  foldAll,
  type HistoryDocument,
  historyProjection,
  type UpgradeRecord,
} from "@upgrade-ledger/projections";

export const START_MS = Date.parse("2026-05-06T22:00:00.000Z");

/** One message as the ledger stores it. */
export interface StoredLine {
  seq: number;
  subject: string;
  ledger_time: string;
  data: string;
}

export function entryOfLine({ seq, subject, ledger_time: ledgerTime, data }: StoredLine): LedgerEntry {
  const decoded = decode({ seq, subject, data: new TextEncoder().encode(data), injected: false });
  return { seq, subject, ledgerTime, decoded };
}

let ids = 0;
/** Ids in the order in which they are made, like real UUIDv7. */
export function nextId(version: 7 | 8 = 7): string {
  ids += 1;
  return `0193a000-0000-${version}000-8000-${ids.toString(16).padStart(12, "0")}`;
}

export interface Author {
  role: WriterRole;
  instance_id: string;
  version: string;
  sequence: number;
}

export function author(role: WriterRole, version = "1.0.0"): Author {
  return { role, version, instance_id: nextId(), sequence: 0 };
}

export const SHA = "a".repeat(64);
export function artifactOf(version: string, platform = "any") {
  return {
    version,
    platform,
    url: `https://downloads.example/fleet-agent-v${version}`,
    sha256: SHA,
    size_bytes: 1_000_000,
    signature: "untrusted comment: minisign\nRUQ\ntrusted comment: file\nRUQ\n",
  };
}

type Fields = Record<string, unknown>;

/** The rest of a valid event of each type. */
export const SAMPLE_FIELDS: Record<EventType, Fields> = {
  started: { boot_reason: "install", previous_version: null },
  draining: { in_flight: 0 },
  staging: { artifact: artifactOf("0.1.2"), attempt: 1, retry_at: null, last_error: null },
  verifying: { path: "/usr/bin/fleet-agent-v0.1.2", sha256: SHA, key_id: "ABCD" },
  "cutover-ready": {
    symlink: {
      path: "/usr/local/bin/fleet-agent",
      from: "/usr/bin/fleet-agent-v0.1.1",
      to: "/usr/bin/fleet-agent-v0.1.2",
    },
    unit: "fleet-agent-v0.1.2.service",
  },
  stopping: { stop_event_id: "0193a000-0000-7000-8000-ffffffffffff" },
  "stop-refused": {
    stop_event_id: "0193a000-0000-7000-8000-ffffffffffff",
    reason_code: "stale",
    last_error: null,
  },
  done: {
    from_version: "0.1.1",
    to_version: "0.1.2",
    stop_event_id: "0193a000-0000-7000-8000-ffffffffffff",
    old_exit: null,
    old_instance: null,
  },
  failed: {
    failed_phase: "verifying",
    reason_code: "self_test_failed",
    last_error: "exit code 3",
    reverted: false,
  },
  reverted: { from_version: "0.1.2", to_version: "0.1.1", reason_code: "crash_loop", last_error: null },
  superseded: { by_event_id: "0193a000-0000-7000-8000-ffffffffffff", reverted: false },
  "desired-version": { desired_version: "0.1.2", artifact: null, actor: "local:ada", reason: "because" },
  "upgrade-stop": {
    reason: "seen for 15 s",
    deadline_ms: 30_000,
    stop_instance_id: "old",
    attempt: 1,
    evidence: {
      instance_id: "new",
      current_version: "0.1.2",
      agent_state: "running",
      observed_event_id: "0193a000-0000-8000-8000-ffffffffffff",
      heartbeat_at: "2026-05-06T22:00:10.000Z",
      observed_for_ms: 15_000,
    },
  },
  "agent-observed": { instance_id: "some", current_version: "0.1.1", agent_state: "running" },
  "agent-silent": { instance_id: "some", current_version: "0.1.1", since: "2026-05-06T22:00:10.000Z" },
  stalled: { phase: "staging", since: "2026-05-06T22:00:10.000Z" },
  "upgrade-scheduled": {
    desired_version: "0.1.2",
    artifact: null,
    not_before: "2026-05-07T02:00:00.000Z",
    expires_at: null,
    actor: "local:ada",
    reason: "at night",
  },
  "schedule-ended": { schedule_event_id: "0193a000-0000-7000-8000-ffffffffffff", outcome: "released" },
  enrolled: { public_key: `U${"A".repeat(55)}`, actor: "local:ada", reason: "new" },
  revoked: { public_key: `U${"A".repeat(55)}`, actor: "local:ada", reason: "lost" },
  "artifact-published": { artifact: artifactOf("0.1.2"), actor: "local:ada", reason: "released" },
};

export interface EventOptions {
  upgradeId?: string | undefined;
  eventId?: string;
  occurredAt?: string;
  sequence?: number;
  causedBy?: string[];
}

/** A device's ledger in the making. Time goes on by one second with each event. */
export class Story {
  readonly lines: StoredLine[] = [];
  readonly deviceId: string;
  readonly operator = author("coordinator");
  readonly observer = author("observer");
  readonly api = author("api");
  nowMs = START_MS;

  constructor(deviceId = "pi-0042") {
    this.deviceId = deviceId;
  }

  get seq(): number {
    return this.lines.length;
  }

  get now(): string {
    return new Date(this.nowMs).toISOString();
  }

  store(subject: string, data: string): number {
    this.nowMs += 1_000;
    this.lines.push({ seq: this.seq + 1, subject, ledger_time: this.now, data });
    return this.seq;
  }

  /** Stores an event and returns its id. */
  tell(writer: Author, type: EventType, fields: Fields = {}, options: EventOptions = {}): string {
    const eventId = options.eventId ?? nextId();
    writer.sequence = options.sequence ?? writer.sequence + 1;
    const fleet = type === "artifact-published";
    const event = {
      schema_version: 1,
      event_id: eventId,
      type,
      ...(fleet ? {} : { device_id: this.deviceId }),
      ...(options.upgradeId === undefined ? {} : { upgrade_id: options.upgradeId }),
      occurred_at: options.occurredAt ?? new Date(this.nowMs + 1_000).toISOString(),
      writer: { ...writer, prev_hash: null },
      caused_by: options.causedBy ?? [],
      ...SAMPLE_FIELDS[type],
      ...fields,
    };
    const subject = fleet ? subjects.artifact() : subjectFor(type, DeviceId.parse(this.deviceId));
    this.store(subject, JSON.stringify(event));
    return eventId;
  }

  /** Stores the same bytes once more, as a retry long after the broker's window does. */
  repeat(seq: number): void {
    const line = this.lines[seq - 1];
    if (line === undefined) throw new Error(`no event ${seq}`);
    this.store(line.subject, line.data);
  }

  asksFor(version: string, reason = "because"): string {
    const eventId = nextId();
    this.tell(
      this.api,
      "desired-version",
      { desired_version: version, reason },
      { eventId, upgradeId: eventId },
    );
    return eventId;
  }

  cancels(upgradeId: string): string {
    return this.tell(this.api, "desired-version", { desired_version: null, reason: "no" }, { upgradeId });
  }

  sees(instanceId: string, version: string, state: string | null = "running"): string {
    return this.tell(
      this.observer,
      "agent-observed",
      { instance_id: instanceId, current_version: version, agent_state: state },
      { eventId: nextId(8) },
    );
  }

  stops(upgradeId: string, old: string, fresh: string, version: string, attempt = 1): string {
    const evidence = {
      instance_id: fresh,
      current_version: version,
      agent_state: "running",
      observed_event_id: nextId(8),
      heartbeat_at: this.now,
      observed_for_ms: 15_000,
    };
    return this.tell(
      this.operator,
      "upgrade-stop",
      { stop_instance_id: old, attempt, evidence },
      { upgradeId, eventId: nextId(8) },
    );
  }

  foreign(payload: object): number {
    return this.store(subjects.deviceState(this.deviceId), JSON.stringify(payload));
  }

  entries(): LedgerEntry[] {
    return this.lines.map(entryOfLine);
  }

  device(): DeviceDocument {
    return JSON.parse(textOf(foldAll(deviceProjection, this.entries()), this.deviceId));
  }

  history(): HistoryDocument {
    return JSON.parse(textOf(foldAll(historyProjection, this.entries()), this.deviceId));
  }

  record(upgradeId: string): UpgradeRecord {
    return JSON.parse(textOf(foldAll(historyProjection, this.entries()), `${this.deviceId}.${upgradeId}`));
  }
}

function textOf(documents: ReadonlyMap<string, string>, key: string): string {
  const text = documents.get(key);
  if (text === undefined) throw new Error(`no document ${key}, only ${[...documents.keys()].join(", ")}`);
  return text;
}
