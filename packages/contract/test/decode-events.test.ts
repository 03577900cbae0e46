// Every event type is read as written, and refused with the field named when a field is missing or wrong.
import { describe, expect, it } from "vitest";
import { decode, EVENTS, EventRef, type EventType, LedgerEvent, subjectOf } from "../src/index.ts";
import { sample, stored, SUBJECTS, TYPES } from "./samples.ts";

const deep = (levels: number) => `${"[".repeat(levels)}${"]".repeat(levels)}`;
const OPTIONAL = new Set(["caused_by", "trace_id", "upgrade_id"]);
const fieldsOf = (type: EventType) =>
  Object.keys(EVENTS.find((schema) => schema.shape.type.value === type)?.shape ?? {});
const required = (type: EventType) =>
  fieldsOf(type).filter((field) => !["schema_version", "type"].includes(field) && field in sample(type));

describe.each(TYPES)("a %s event", (type) => {
  it("is read as it was written, at its subject", () => {
    const decoded = decode(stored(SUBJECTS[type], sample(type)));
    expect(decoded).toEqual({
      kind: "event",
      deviceId: type === "artifact-published" ? undefined : "pi-0042",
      event: sample(type),
    });
    expect(subjectOf(LedgerEvent.parse(sample(type)))).toBe(SUBJECTS[type]);
  });

  it("keeps fields that nobody knows", () => {
    const decoded = decode(stored(SUBJECTS[type], sample(type, { from_the_future: { a: [1] } })));
    expect(decoded).toMatchObject({ kind: "event", event: { from_the_future: { a: [1] } } });
  });

  it.each(required(type).filter((field) => !OPTIONAL.has(field)))("without %s is quarantined", (field) => {
    const { [field]: _, ...rest } = sample(type);
    const decoded = decode(stored(SUBJECTS[type], rest));
    expect(decoded).toMatchObject({ kind: "quarantined", code: "invalid" });
    expect(decoded.kind === "quarantined" ? decoded.detail : "").toContain(`${field}: `);
  });

  it("of another device is quarantined", () => {
    const decoded = decode(stored(SUBJECTS[type], sample(type, { device_id: "pi-0043" })));
    expect(decoded).toMatchObject({ kind: "quarantined", code: "wrong_device" });
  });

  it("on another subject is quarantined", () => {
    const elsewhere =
      type === "artifact-published" ? "fleet.rollout.r1" : "device-observed.pi-0042.elsewhere";
    const decoded = decode(stored(elsewhere, sample(type)));
    expect(decoded).toMatchObject({ kind: "quarantined", code: "wrong_subject" });
  });

  it("of a newer schema version is unknown, and keeps its id", () => {
    const decoded = decode(stored(SUBJECTS[type], sample(type, { schema_version: 2 })));
    expect(decoded).toMatchObject({
      kind: "unknown",
      type,
      eventId: sample(type)["event_id"],
      schemaVersion: 2,
    });
  });
});

describe("what an upgrade needs", () => {
  const outside = new Set<EventType>([
    "started",
    "agent-observed",
    "agent-silent",
    "upgrade-scheduled",
    "schedule-ended",
    "enrolled",
    "revoked",
    "artifact-published",
  ]);
  it.each(TYPES.filter((type) => !outside.has(type)))("a %s event names its upgrade", (type) => {
    const { upgrade_id: _, ...rest } = sample(type);
    expect(decode(stored(SUBJECTS[type], rest))).toMatchObject({ kind: "quarantined", code: "invalid" });
  });
  it.each([...outside])("a %s event may stand outside any", (type) => {
    const { upgrade_id: _, ...rest } = sample(type);
    expect(decode(stored(SUBJECTS[type], rest)).kind).toBe("event");
  });
});

describe("reading", () => {
  const subject = SUBJECTS.done;
  it.each([
    ["an unknown type", subject, sample("done", { type: "exploded" }), { kind: "unknown", type: "exploded" }],
    [
      "an unknown type without a readable id",
      subject,
      sample("done", { type: "exploded", event_id: 7 }),
      { kind: "unknown", eventId: "seq:41" },
    ],
    [
      "a rollout event",
      "fleet.rollout.r1",
      sample("done", { type: "rollout-started", device_id: undefined }),
      { kind: "unknown", type: "rollout-started", deviceId: undefined },
    ],
    ["no type", subject, sample("done", { type: undefined }), { code: "invalid", detail: "type: missing" }],
    ["a type that is no text", subject, sample("done", { type: 7 }), { code: "invalid" }],
    [
      "a schema version that is no number",
      subject,
      sample("done", { schema_version: "1" }),
      { code: "invalid" },
    ],
    ["a negative schema version", subject, sample("done", { schema_version: -1 }), { code: "invalid" }],
    [
      "a leading v",
      subject,
      sample("done", { to_version: "v0.1.2" }),
      { kind: "event", event: { to_version: "0.1.2" } },
    ],
    ["no JSON", subject, "{", { code: "not_json" }],
    ["nothing", subject, "", { code: "not_json" }],
    ["what is no UTF-8", subject, Uint8Array.of(0x7b, 0xff, 0x7d), { code: "not_json" }],
    ["an array", subject, [sample("done")], { code: "not_an_object" }],
    ["a text", subject, '"done"', { code: "not_an_object" }],
    ["null", subject, "null", { code: "not_an_object" }],
    ["too many bytes", subject, sample("done", { padding: "x".repeat(65_536) }), { code: "too_large" }],
    ["a subject of nobody's", "device-state.pi.0042.upgrade", sample("done"), { code: "unknown_subject" }],
    [
      "a subject with a bad device",
      "device-state.Pi_42.upgrade",
      sample("done"),
      { code: "unknown_subject", deviceId: undefined },
    ],
    ["a device in the fleet's subject", "fleet.artifact", sample("done"), { code: "wrong_device" }],
  ])("%s", (_, where, value, expected) => {
    const kind = "code" in expected ? { kind: "quarantined" } : {};
    expect(decode(stored(where, value))).toMatchObject({ ...kind, ...expected });
  });

  it("what came through an API's reply is quarantined, whatever it says", () => {
    const decoded = decode(stored(subject, sample("done"), { injected: true }));
    expect(decoded).toMatchObject({ kind: "quarantined", deviceId: "pi-0042", code: "injected" });
  });

  it.each([
    ["a claimed device", `{"device_id":${deep(30_000)}}`],
    ["a phase", `{"phase":"done","last_error":${deep(30_000)}}`],
    ["an unknown field", JSON.stringify(sample("done")).replace("}", `},"x":${deep(30_000)}`)],
  ])("%s nested without end is quarantined", (_, text) => {
    expect(decode(stored(subject, text))).toMatchObject({ kind: "quarantined", code: "invalid" });
  });

  it("many brackets that do not nest are no harm", () => {
    const wide = sample("done", { list: Array.from({ length: 200 }, () => [{}]), text: "[".repeat(200) });
    expect(decode(stored(subject, wide)).kind).toBe("event");
  });

  it("a field named __proto__ changes no prototype", () => {
    const text = JSON.stringify(sample("done")).replace("{", '{"__proto__":{"polluted":true},');
    const decoded = decode(stored(subject, text));
    expect(decoded.kind).toBe("event");
    expect(decoded.kind === "event" ? Object.getPrototypeOf(decoded.event) : undefined).toBe(
      Object.prototype,
    );
    expect({}).not.toHaveProperty("polluted");
  });
});

describe("an agent that knows only the ADR", () => {
  const subject = SUBJECTS.done;
  const phases = ["draining", "staging", "verifying", "cutover-ready", "stopping", "done", "failed"];
  it.each(phases)("is read when it says %s", (phase) => {
    expect(decode(stored(subject, { phase }))).toEqual({
      kind: "event",
      deviceId: "pi-0042",
      event: {
        schema_version: 0,
        event_id: EventRef.parse("seq:41"),
        type: phase,
        device_id: "pi-0042",
        occurred_at: null,
        writer: null,
        caused_by: [],
        last_error: null,
      },
    });
  });

  it.each([
    ["an error", "no space", "no space"],
    ["no error", null, null],
    ["a long one, cut", "é".repeat(10_000), "é".repeat(4_096)],
  ])("with %s", (_, last_error, expected) => {
    const decoded = decode(stored(subject, { phase: "failed", last_error }));
    expect(decoded).toMatchObject({ kind: "event", event: { type: "failed", last_error: expected } });
  });

  it("may say which version 0 it is, and more", () => {
    const decoded = decode(stored(subject, { schema_version: 0, phase: "done", device_id: "pi-0042", x: 1 }));
    expect(decoded).toMatchObject({ kind: "event", event: { type: "done" } });
  });

  it.each([
    [
      "another phase",
      { phase: "dancing" },
      { kind: "unknown", type: "dancing", eventId: "seq:41", schemaVersion: 0 },
    ],
    ["no phase", { status: "done" }, { kind: "quarantined", code: "invalid" }],
    ["a phase that is no text", { phase: 7 }, { kind: "quarantined", code: "invalid" }],
    [
      "an error that is no text",
      { phase: "failed", last_error: {} },
      { kind: "quarantined", code: "invalid" },
    ],
    ["another device", { phase: "done", device_id: "pi-1" }, { kind: "quarantined", code: "wrong_device" }],
  ])("saying %s", (_, value, expected) => expect(decode(stored(subject, value))).toMatchObject(expected));

  it("has no say on an operator's subject", () => {
    const decoded = decode(stored(SUBJECTS["upgrade-stop"], { phase: "done" }));
    expect(decoded).toMatchObject({ kind: "quarantined", code: "invalid" });
  });
});
