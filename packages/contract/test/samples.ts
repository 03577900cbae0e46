// One valid event of every type, as it stands on the wire.
import { EVENT_TYPES, type EventType } from "../src/index.ts";

export type WireEvent = Record<string, unknown>;

export const ID = "0193e0a5-1111-7000-8000-000000000001";
export const UPGRADE = "0193e0a5-2222-7000-8000-000000000002";
export const INSTANCE = "0193e0a5-3333-7000-8000-000000000003";
const DERIVED = "0193e0a5-4444-8000-8000-000000000004";
const TIME = "2026-05-06T22:51:14.000Z";
const HASH = `sha256:${"ab".repeat(32)}`;

export const ARTIFACT = {
  version: "0.1.2",
  platform: "linux-x64",
  url: "https://example.org/fleet-agent-v0.1.2",
  sha256: "ab".repeat(32),
  size_bytes: 4_194_304,
  signature: "untrusted comment: signature\nRUQf6LRCGA9i5…",
};

const byPerson = { actor: "local:ada", reason: "a fix" };
const swap = { from_version: "0.1.1", to_version: "0.1.2+sha.9f" };

/** The fields of each type; the envelope is added below. */
const FIELDS: Record<EventType, WireEvent> = {
  started: { boot_reason: "restart", previous_version: null },
  draining: { upgrade_id: UPGRADE, in_flight: 2 },
  staging: { upgrade_id: UPGRADE, artifact: ARTIFACT, attempt: 1, retry_at: null, last_error: null },
  verifying: {
    upgrade_id: UPGRADE,
    path: "/usr/bin/fleet-agent-v0.1.2",
    sha256: "cd".repeat(32),
    key_id: "RUQf6LRCGA9i5",
  },
  "cutover-ready": {
    upgrade_id: UPGRADE,
    symlink: { path: "/usr/local/bin/fleet-agent", from: "/usr/bin/a", to: "/usr/bin/b" },
    unit: "fleet-agent-v0.1.2.service",
  },
  stopping: { upgrade_id: UPGRADE, stop_event_id: DERIVED },
  "stop-refused": { upgrade_id: UPGRADE, stop_event_id: DERIVED, reason_code: "stale", last_error: null },
  done: {
    upgrade_id: UPGRADE,
    ...swap,
    stop_event_id: DERIVED,
    old_exit: null,
    old_instance: { instance_id: INSTANCE, last_sequence: 9, last_hash: HASH },
  },
  failed: {
    upgrade_id: UPGRADE,
    failed_phase: "verifying",
    reason_code: "self_test_failed",
    last_error: "exit 1",
    reverted: false,
  },
  reverted: { upgrade_id: UPGRADE, ...swap, reason_code: "crash_loop", last_error: null },
  superseded: { upgrade_id: UPGRADE, by_event_id: ID, reverted: true },
  "desired-version": { upgrade_id: ID, desired_version: "0.1.2", artifact: ARTIFACT, ...byPerson },
  "upgrade-stop": {
    upgrade_id: UPGRADE,
    reason: "the new agent runs",
    deadline_ms: 30_000,
    stop_instance_id: INSTANCE,
    attempt: 1,
    evidence: {
      instance_id: INSTANCE,
      current_version: "0.1.2",
      agent_state: "running",
      observed_event_id: DERIVED,
      heartbeat_at: TIME,
      observed_for_ms: 15_000,
    },
  },
  "agent-observed": { instance_id: INSTANCE, current_version: "unknown", agent_state: null },
  "agent-silent": { instance_id: INSTANCE, current_version: "0.1.2", since: TIME },
  stalled: { upgrade_id: UPGRADE, phase: "staging", since: TIME },
  "upgrade-scheduled": {
    desired_version: "0.1.2",
    artifact: null,
    not_before: TIME,
    expires_at: null,
    ...byPerson,
  },
  "schedule-ended": { schedule_event_id: ID, outcome: "released" },
  enrolled: { public_key: `U${"A".repeat(55)}`, ...byPerson },
  revoked: { public_key: `U${"A".repeat(55)}`, ...byPerson },
  "artifact-published": { artifact: ARTIFACT, ...byPerson },
};

export function sample(type: EventType, change: WireEvent = {}): WireEvent {
  return {
    schema_version: 1,
    event_id: ID,
    type,
    ...(type === "artifact-published" ? {} : { device_id: "pi-0042" }),
    occurred_at: TIME,
    writer: { role: "agent", instance_id: INSTANCE, version: "0.1.1", sequence: 7, prev_hash: HASH },
    caused_by: [ID, "seq:41"],
    ...FIELDS[type],
    ...change,
  };
}

export const SUBJECTS: Record<EventType, string> = {
  started: "device-state.pi-0042.upgrade",
  draining: "device-state.pi-0042.upgrade",
  staging: "device-state.pi-0042.upgrade",
  verifying: "device-state.pi-0042.upgrade",
  "cutover-ready": "device-state.pi-0042.upgrade",
  stopping: "device-state.pi-0042.upgrade",
  "stop-refused": "device-state.pi-0042.upgrade",
  done: "device-state.pi-0042.upgrade",
  failed: "device-state.pi-0042.upgrade",
  reverted: "device-state.pi-0042.upgrade",
  superseded: "device-state.pi-0042.upgrade",
  "desired-version": "operator-cmd.pi-0042.desired-version",
  "upgrade-stop": "operator-cmd.pi-0042.upgrade-stop",
  "agent-observed": "device-observed.pi-0042.agent",
  "agent-silent": "device-observed.pi-0042.agent",
  stalled: "device-observed.pi-0042.upgrade",
  "upgrade-scheduled": "device-observed.pi-0042.schedule",
  "schedule-ended": "device-observed.pi-0042.schedule",
  enrolled: "device-observed.pi-0042.identity",
  revoked: "device-observed.pi-0042.identity",
  "artifact-published": "fleet.artifact",
};

export const TYPES = EVENT_TYPES;
export const bytes = (value: unknown) =>
  new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));
export const stored = (
  subject: string,
  value: unknown,
  change: { injected?: boolean; seq?: number } = {},
) => ({
  seq: 41,
  subject,
  data: value instanceof Uint8Array ? value : bytes(value),
  injected: false,
  ...change,
});
