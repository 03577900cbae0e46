// Ids, versions, times, URLs and subjects, as tables.
import { describe, expect, it } from "vitest";
import {
  ArtifactUrl,
  BareVersion,
  bareVersion,
  binaryName,
  DeviceId,
  EventId,
  EventRef,
  FreshEventId,
  InstanceId,
  ledgerSubjectsOf,
  objectName,
  parseHeartbeatSubject,
  parseLedgerSubject,
  ReportedVersion,
  sameVersion,
  subjects,
  Timestamp,
  upcast,
  upgradeIdOf,
  Version,
} from "../src/index.ts";

const V7 = "0193e0a5-1111-7000-8000-000000000001";
const V8 = "0193e0a5-1111-8000-bfff-000000000001";

const tables: {
  of: string;
  schema: { safeParse(value: unknown): { success: boolean } };
  good: unknown[];
  bad: unknown[];
}[] = [
  {
    of: "DeviceId",
    schema: DeviceId,
    good: ["a", "0", "pi-0042", "a".repeat(63), "a--b"],
    bad: ["", "-a", "a-", "A", "a.b", "a_b", "a".repeat(64), "a b", "*", ">", "é", 7, null],
  },
  {
    of: "EventId",
    schema: EventId,
    good: [V7, V8],
    bad: ["", V7.toUpperCase(), V7.replace("7000", "4000"), V7.replace("-8000", "-7000"), `${V7}0`, "seq:1"],
  },
  { of: "FreshEventId", schema: FreshEventId, good: [V7], bad: [V8, "seq:1"] },
  {
    of: "EventRef",
    schema: EventRef,
    good: [V7, V8, "seq:1", "seq:9007199254740991"],
    bad: ["seq:0", "seq:01", "seq:-1", "seq:", "seq:1 ", "1", "seq:12345678901234567"],
  },
  {
    of: "InstanceId",
    schema: InstanceId,
    good: [V7, "agent_1", "A"],
    bad: ["", "a.b", "a b", "x".repeat(65), "*"],
  },
  {
    of: "Version",
    schema: Version,
    good: ["0.1.2", "v0.1.2", "1.0.0-rc.1", "0.1.2+sha.9f", "1.0.0-0.3.7+b.1", "10.20.30"],
    bad: [
      "",
      "1",
      "1.2",
      "01.2.3",
      "1.2.3-01",
      "1.2.3+",
      "1.2.3-",
      "V1.2.3",
      " 1.2.3",
      "unknown",
      `1.2.3-${"a".repeat(128)}`,
    ],
  },
  { of: "ReportedVersion", schema: ReportedVersion, good: ["0.1.2", "unknown"], bad: ["", "none", null] },
  {
    of: "Timestamp",
    schema: Timestamp,
    good: [
      "2026-05-06T22:51:14.000Z",
      "2026-05-06T22:51:14Z",
      "2026-05-06T22:51:14.123456789Z",
      "2024-02-29T00:00:00Z",
    ],
    bad: [
      "2026-05-06",
      "2026-05-06T22:51Z",
      "2026-05-06T22:51:14",
      "2026-05-06T22:51:14+02:00",
      "2026-02-29T00:00:00Z",
      "2026-05-06T24:00:00Z",
      0,
    ],
  },
  {
    of: "ArtifactUrl",
    schema: ArtifactUrl,
    good: [
      "https://example.org/a",
      "http://127.0.0.1:8080/a?b=c#d",
      "file:///var/a",
      "nats://agent-artifacts/fleet-agent-v0.1.2-any",
      "nats:fleet-agent-v0.1.2-any",
      "https://example.org/a@b",
      "http://[::1]:8080/a",
    ],
    bad: [
      "ftp://example.org/a",
      "example.org/a",
      "https://user:secret@example.org/a",
      "https://user@example.org/a",
      "https:user:secret@example.org/a",
      String.raw`https:\\user@example.org/a`,
      "https:///user:secret@example.org/a",
      "javascript:alert(1)",
      "https://exa mple.org/",
      `https://example.org/${"a".repeat(2_048)}`,
      "",
    ],
  },
];

describe.each(tables)("$of", ({ schema, good, bad }) => {
  it.each(good)("takes %j", (value) => expect(schema.safeParse(value).success).toBe(true));
  it.each(bad)("refuses %j", (value) => expect(schema.safeParse(value).success).toBe(false));
});

describe("versions", () => {
  it.each([
    ["v0.1.2", "0.1.2", "0.1.2"],
    ["0.1.2+sha.9f", "0.1.2+sha.9f", "0.1.2"],
    ["v1.0.0-rc.1+b", "1.0.0-rc.1+b", "1.0.0-rc.1"],
  ])("%s is reported as %s and asked for as %s", (text, reported, bare) => {
    expect(Version.parse(text)).toBe(reported);
    expect(BareVersion.parse(text)).toBe(bare);
    expect(bareVersion(Version.parse(text))).toBe(bare);
    expect(binaryName(text)).toBe(`fleet-agent-v${bare}`);
    expect(objectName(text, "any")).toBe(`fleet-agent-v${bare}-any`);
  });

  it.each([
    ["0.1.2", "0.1.2", true],
    ["0.1.2+sha.9f", "0.1.2", true],
    ["v0.1.2", "0.1.2+x", true],
    ["0.1.2-rc.1", "0.1.2", false],
    ["0.1.2", "0.1.20", false],
    ["unknown", "unknown", false],
    ["unknown", "0.1.2", false],
  ])("%s and %s: the same is %s", (a, b, same) => {
    expect(sameVersion(a, b)).toBe(same);
    expect(sameVersion(b, a)).toBe(same);
  });
});

describe("subjects", () => {
  it.each([
    ["device-state.pi.upgrade", { family: "device-state", deviceId: "pi" }],
    ["operator-cmd.pi.upgrade-stop", { family: "operator-cmd", deviceId: "pi", leaf: "upgrade-stop" }],
    ["device-observed.pi.agent", { family: "device-observed", deviceId: "pi", leaf: "agent" }],
    ["fleet.artifact", { family: "fleet", deviceId: undefined, leaf: "artifact" }],
    ["fleet.rollout.r1", { family: "fleet", deviceId: undefined, leaf: "rollout.r1" }],
    ["device-state.pi.other", undefined],
    ["device-state.pi", undefined],
    ["device-state.pi.upgrade.more", undefined],
    ["operator-cmd.pi", undefined],
    ["operator-cmd.pi.a.b", undefined],
    ["operator-cmd.Pi.upgrade-stop", undefined],
    ["device-heartbeat.pi.i1", undefined],
    ["fleet", undefined],
    ["", undefined],
  ])("%j is %j", (subject, expected) => expect(parseLedgerSubject(subject)).toEqual(expected));

  it.each([
    ["device-heartbeat.pi.i1", { deviceId: "pi", instanceId: "i1" }],
    ["device-heartbeat.pi.i1.more", undefined],
    ["device-heartbeat.pi", undefined],
    ["device-heartbeat.Pi.i1", undefined],
    ["device-heartbeat.pi.i 1", undefined],
    ["device-state.pi.i1", undefined],
  ])("%j is the heartbeat of %j", (subject, expected) =>
    expect(parseHeartbeatSubject(subject)).toEqual(expected),
  );

  it("of a device are all that are about it", () => {
    expect(ledgerSubjectsOf("pi")).toEqual([
      "device-state.pi.upgrade",
      "operator-cmd.pi.*",
      "device-observed.pi.*",
    ]);
    expect(subjects.deviceState()).toBe("device-state.*.upgrade");
    expect(subjects.heartbeat()).toBe("device-heartbeat.*.*");
    expect(subjects.deviceCommands("pi")).toBe("device-cmd.pi.>");
  });
});

describe("an upgrade's id", () => {
  it("is the event's that asked for it", () => expect(upgradeIdOf(EventId.parse(V7))).toBe(V7));
});

describe("upcasting", () => {
  const steps = {
    1: (event: Readonly<Record<string, unknown>>) => ({ ...event, steps: [1] }),
    2: (event: Readonly<Record<string, unknown>>) => ({ ...event, steps: [event["steps"], 2] }),
  };
  it.each([
    [1, { schema_version: 3, steps: [[1], 2] }],
    [2, { schema_version: 3, steps: [undefined, 2] }],
    [3, { schema_version: 3 }],
  ])("from version %i applies each step once, in order", (version, expected) => {
    expect(upcast({ schema_version: version }, version, steps, 3)).toEqual(expected);
  });
  it("without a step is a defect", () => {
    expect(() => upcast({}, 1, { 2: (event) => event }, 3)).toThrow("no upcaster from schema version 1 to 2");
  });
  it("leaves the current version alone", () => {
    const event = { schema_version: 1, x: 1 };
    expect(upcast(event, 1)).toBe(event);
  });
});
