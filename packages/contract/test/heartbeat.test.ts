// Heartbeats: ours, and those of agents that know only the ADR.
import { describe, expect, it } from "vitest";
import { Heartbeat, MAX_HEARTBEAT_BYTES, readHeartbeat } from "../src/index.ts";
import { bytes, INSTANCE, UPGRADE } from "./samples.ts";

const ours = {
  device_id: "pi-0042",
  instance_id: INSTANCE,
  current_version: "0.1.2+sha.9f",
  agent_state: "staging",
  upgrade_id: UPGRADE,
  interval_ms: 10_000,
  sent_at: "2026-05-06T22:51:14.000Z",
  progress: { done_bytes: 1, total_bytes: 2 },
};
const subject = `device-heartbeat.pi-0042.${INSTANCE}`;
const nothingSaid = {
  device_id: "pi-0042",
  instance_id: INSTANCE,
  current_version: "unknown",
  agent_state: null,
  upgrade_id: null,
  interval_ms: 10_000,
  sent_at: null,
  progress: null,
};
const read = (value: unknown, change: { subject?: string; injected?: boolean } = {}) =>
  readHeartbeat({ subject, data: bytes(value), injected: false, ...change });

describe("a heartbeat", () => {
  it("of ours is read as it was sent", () => {
    expect(Heartbeat.parse(ours)).toEqual(ours);
    expect(read(ours)).toEqual({ ok: true, heartbeat: ours });
  });

  it.each([
    ["nothing", {}, {}],
    ["a version under its old name", { version: "v0.1.2" }, { current_version: "0.1.2" }],
    ["both names", { version: "0.1.1", current_version: "0.1.2" }, { current_version: "0.1.2" }],
    ["a version that is none", { current_version: "latest" }, { current_version: "unknown" }],
    ["a version that is no text", { version: 12 }, { current_version: "unknown" }],
    ["a state of its own", { agent_state: "dancing" }, { agent_state: null }],
    ["a state of ours", { agent_state: "running" }, { agent_state: "running" }],
    ["an interval that is too short", { interval_ms: 1 }, { interval_ms: 500 }],
    ["an interval that is too long", { interval_ms: 86_400_000 }, { interval_ms: 30_000 }],
    ["an interval below nothing", { interval_ms: -5 }, { interval_ms: 500 }],
    ["an interval that is no number", { interval_ms: "10s" }, { interval_ms: 10_000 }],
    ["an upgrade that is no id", { upgrade_id: "latest" }, { upgrade_id: null }],
    ["a time that is none", { sent_at: 1_700_000_000 }, { sent_at: null }],
    ["progress that is none", { progress: "50%" }, { progress: null }],
    ["more than we know", { temperature: 41 }, {}],
    ["nulls", { agent_state: null, upgrade_id: null, interval_ms: null, sent_at: null, progress: null }, {}],
  ])("of a foreign agent that says %s", (_, value, expected) => {
    expect(read(value)).toEqual({ ok: true, heartbeat: { ...nothingSaid, ...expected } });
  });

  it.each([
    ["another device", { device_id: "pi-1" }, {}, 'claims device "pi-1"'],
    ["another instance", { instance_id: "i2" }, {}, 'claims instance "i2"'],
    ["no object", "[]", {}, "payload: "],
    ["no JSON", "{", {}, "JSON"],
    ["a device that is no text", { device_id: 7 }, {}, "device_id: "],
    ["what came through an API's reply", ours, { injected: true }, "Nats-Stream"],
    ["on another subject", ours, { subject: "device-heartbeat.pi-0042" }, "no heartbeat subject"],
    ["of too many bytes", { ...ours, padding: "x".repeat(MAX_HEARTBEAT_BYTES) }, {}, "bytes"],
  ])("that is refused: %s", (_, value, change, detail) => {
    const reading = read(value, change);
    expect(reading.ok ? "" : reading.detail).toContain(detail);
    expect(reading.ok).toBe(false);
  });
});
