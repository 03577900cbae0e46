// Every event type, with an open upgrade, with none, and on a device of which nothing is known.
import { EVENT_TYPES, type EventType } from "@upgrade-ledger/contract";
import {
  foldAll,
  catalogueProjection,
  deviceProjection,
  quarantineProjection,
} from "@upgrade-ledger/projections";
import { describe, expect, it } from "vitest";
import { author, Story } from "./story.ts";
import { running, upgraded } from "./tales.ts";

const BY_OPERATOR: ReadonlySet<EventType> = new Set([
  "desired-version",
  "upgrade-stop",
  "agent-observed",
  "agent-silent",
  "stalled",
  "upgrade-scheduled",
  "schedule-ended",
  "enrolled",
  "revoked",
]);

interface Row {
  type: EventType;
  /** Phase of the open upgrade afterwards, or how it ended. */
  open: string;
  /** Whether it is late when no upgrade is open. */
  closed: "late" | "fine";
}

const ROWS: Row[] = [
  { type: "started", open: "requested", closed: "fine" },
  { type: "draining", open: "draining", closed: "late" },
  { type: "staging", open: "staging", closed: "late" },
  { type: "verifying", open: "verifying", closed: "late" },
  { type: "cutover-ready", open: "cutover-ready", closed: "late" },
  { type: "stopping", open: "stopping", closed: "late" },
  { type: "stop-refused", open: "requested", closed: "late" },
  { type: "done", open: "done", closed: "late" },
  { type: "failed", open: "failed", closed: "late" },
  { type: "reverted", open: "requested", closed: "fine" },
  { type: "superseded", open: "superseded", closed: "late" },
  { type: "desired-version", open: "requested", closed: "fine" },
  { type: "upgrade-stop", open: "requested", closed: "late" },
  { type: "agent-observed", open: "requested", closed: "fine" },
  { type: "agent-silent", open: "requested", closed: "fine" },
  { type: "stalled", open: "requested", closed: "late" },
  { type: "upgrade-scheduled", open: "requested", closed: "fine" },
  { type: "schedule-ended", open: "requested", closed: "late" },
  { type: "enrolled", open: "requested", closed: "fine" },
  { type: "revoked", open: "requested", closed: "fine" },
];

it("has a row for every event about a device", () => {
  const types = EVENT_TYPES.filter((type) => type !== "artifact-published");
  expect(ROWS.map(({ type }) => type).toSorted()).toEqual(types.toSorted());
});

describe.each(ROWS)("$type", ({ type, open, closed }) => {
  it("with an open upgrade", () => {
    const story = new Story();
    const old = running(story);
    const upgradeId = story.asksFor("0.1.2");
    const writer = BY_OPERATOR.has(type) ? story.operator : old;
    story.tell(writer, type, {}, { upgradeId });
    const { upgrade, last_upgrade: last, valid_at_seq: seq } = story.device();
    expect(upgrade?.upgrade_id === upgradeId ? upgrade.phase : (upgrade?.phase ?? last?.outcome)).toBe(open);
    expect(seq).toBe(story.seq);
  });

  it("after the upgrade has ended", () => {
    const story = new Story();
    const { fresh, upgradeId } = upgraded(story, running(story), "0.1.2");
    const writer = BY_OPERATOR.has(type) ? story.operator : fresh;
    story.tell(writer, type, {}, { upgradeId });
    expect(story.device().anomalies.late).toBe(closed === "late" ? 1 : 0);
    expect(story.device().upgrade !== null).toBe(type === "desired-version");
    expect(story.device().last_upgrade).toMatchObject({ upgrade_id: upgradeId, outcome: "done" });
  });

  it("on a device of which nothing is known", () => {
    const story = new Story();
    const upgradeId = "0193a000-0000-7000-8000-eeeeeeeeeeee";
    story.tell(author(BY_OPERATOR.has(type) ? "observer" : "agent", "0.1.1"), type, {}, { upgradeId });
    const device = story.device();
    expect(device).toMatchObject({ device_id: "pi-0042", first_seen_at: story.now, valid_at_seq: 1 });
    expect(story.history().valid_at_seq).toBe(1);
  });
});

describe("what is about no device", () => {
  it("artifact-published builds the catalogue, one document for each version", () => {
    const story = new Story();
    const published = story.tell(story.api, "artifact-published");
    story.repeat(story.seq);
    const artifacts = foldAll(catalogueProjection, story.entries());
    expect([...artifacts.keys()]).toEqual(["artifact.0.1.2"]);
    expect(JSON.parse(artifacts.get("artifact.0.1.2") ?? "")).toMatchObject({
      version: "0.1.2",
      replaced: 0,
      artifacts: { any: { event_id: published, seq: 1, actor: "local:ada" } },
      valid_at_seq: 2,
    });
    expect(foldAll(deviceProjection, story.entries()).size).toBe(0);
  });

  it("what cannot be believed or understood is quarantined, and touches no device unless it is unknown", () => {
    const story = new Story();
    story.store("device-state.pi-0042.upgrade", "not json");
    story.store("device-state.pi-0042.upgrade", JSON.stringify({ phase: "dancing" }));
    story.store("device-state.pi-0042.upgrade", JSON.stringify({ phase: "done", device_id: "pi-0001" }));
    const [head] = foldAll(quarantineProjection, story.entries()).values();
    expect(JSON.parse(head ?? "")).toMatchObject({
      entries: [
        { seq: 1, device_id: "pi-0042", kind: "quarantined", code: "not_json" },
        { seq: 2, kind: "unknown", code: "unknown_type" },
        { seq: 3, kind: "quarantined", code: "wrong_device" },
      ],
      quarantined: 2,
      unknown: 1,
      valid_at_seq: 3,
    });
    expect(story.device()).toMatchObject({ anomalies: { unknown: 1 }, valid_at_seq: 2 });
  });
});
