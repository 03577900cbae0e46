// The pure functions by which documents are read (spec §6).
import {
  DEFAULT_TIMINGS,
  fleetSummary,
  offlineAtMs,
  probationUntil,
  statusOf,
  waitingFor,
  whyOf,
} from "@upgrade-ledger/projections";
import { describe, expect, it } from "vitest";
import { author, Story } from "./story.ts";
import { foreignDevice, handOver, running, upgraded, upToCutover } from "./tales.ts";

const beat = (story: Story, agoMs: number) => [
  { instance_id: "any", received_at_ms: story.nowMs - agoMs, interval_ms: 10_000 },
];

describe("status: the first that applies", () => {
  it("unknown: enrolled, never heard of", () => {
    const story = new Story();
    story.tell(story.api, "enrolled");
    expect(statusOf(story.device(), [], story.nowMs)).toBe("unknown");
    expect(statusOf(story.device(), null, story.nowMs)).toBe("unknown");
  });

  it("unknown: its agent gives no version, unless an upgrade is open", () => {
    const story = new Story();
    story.sees("any", "unknown", null);
    expect(statusOf(story.device(), beat(story, 0), story.nowMs)).toBe("unknown");
    story.asksFor("0.1.2");
    expect(statusOf(story.device(), beat(story, 0), story.nowMs)).toBe("updating");
  });

  it("offline: three intervals without a heartbeat, also in the middle of an upgrade", () => {
    const story = new Story();
    upToCutover(story, running(story));
    expect(statusOf(story.device(), beat(story, 30_000), story.nowMs)).toBe("updating");
    expect(statusOf(story.device(), beat(story, 30_001), story.nowMs)).toBe("offline");
    expect(offlineAtMs(beat(story, 0))).toBe(story.nowMs + 30_000);
    expect(statusOf(story.device(), [], story.nowMs)).toBe("offline");
  });

  it("offline, as of a past moment: every instance had been found silent", () => {
    const story = new Story();
    const agent = running(story);
    story.tell(story.observer, "agent-silent", { instance_id: agent.instance_id });
    expect(statusOf(story.device(), null, story.nowMs)).toBe("offline");
    story.sees(agent.instance_id, "0.1.1");
    expect(statusOf(story.device(), null, story.nowMs)).toBe("up-to-date");
  });

  it("stalled until the next sign of progress", () => {
    const story = new Story();
    const { upgradeId, old } = upToCutover(story, running(story));
    story.tell(story.observer, "stalled", { phase: "cutover-ready", since: story.now }, { upgradeId });
    expect(statusOf(story.device(), null, story.nowMs)).toBe("stalled");
    story.tell(old, "stopping", {}, { upgradeId });
    expect(statusOf(story.device(), null, story.nowMs)).toBe("updating");
  });

  it("stalled does not come from a finding about a phase that is over", () => {
    const story = new Story();
    const { upgradeId } = upToCutover(story, running(story));
    story.tell(story.observer, "stalled", { phase: "staging", since: story.now }, { upgradeId });
    expect(story.device().upgrade?.stalled).toBeNull();
  });

  it("drifted: something else runs than was asked for, or what nobody asked for", () => {
    const story = new Story();
    upgraded(story, running(story), "0.1.2");
    story.sees(author("agent").instance_id, "0.1.5");
    expect(statusOf(story.device(), null, story.nowMs)).toBe("drifted");
    story.sees(author("agent").instance_id, "0.1.2");
    expect(statusOf(story.device(), null, story.nowMs)).toBe("up-to-date");
  });
});

describe("what it waits for", () => {
  it("is said in every phase", () => {
    const story = new Story();
    const old = running(story);
    const upgradeId = story.asksFor("0.1.2");
    const says = () => {
      const { upgrade } = story.device();
      return upgrade === null ? "nothing" : waitingFor(upgrade, DEFAULT_TIMINGS);
    };
    const said = [says()];
    for (const type of ["draining", "staging", "verifying", "cutover-ready"] as const) {
      story.tell(old, type, {}, { upgradeId });
      said.push(says());
    }
    const stop = story.stops(upgradeId, old.instance_id, "new", "0.1.2");
    said.push(says());
    story.tell(old, "stopping", { stop_event_id: stop }, { upgradeId });
    said.push(says());
    expect(said).toEqual([
      "the agent to take it up",
      "running reconciles on the device to finish",
      "0.1.2 to be fetched and checked",
      "the self-test of 0.1.2",
      "15 s of heartbeats of 0.1.2 in state running",
      "the old agent to obey the stop signal",
      "the old agent to exit and 0.1.2 to report done",
    ]);
  });
});

describe("the fleet", () => {
  it("counts devices, not attempts", () => {
    const failing = new Story("pi-0001");
    const agent = running(failing);
    for (let attempt = 0; attempt < 3; attempt++) {
      const upgradeId = failing.asksFor("0.1.3");
      failing.tell(agent, "failed", {}, { upgradeId });
    }
    const stalled = new Story("pi-0002");
    upToCutover(stalled, running(stalled));
    const fine = new Story("pi-0003");
    foreignDevice(fine);
    const nowMs = stalled.nowMs + 601_000;
    const summary = fleetSummary(
      [failing, stalled, fine].map((story) => story.device()),
      () => null,
      nowMs,
    );
    expect(summary).toEqual({
      devices: 3,
      by_status: {
        unknown: 0,
        offline: 0,
        stalled: 1,
        updating: 0,
        unverified: 0,
        failed: 1,
        drifted: 0,
        scheduled: 0,
        "up-to-date": 1,
      },
      by_version: { "0.1.1": 3 },
      by_phase: { "cutover-ready": 1, running: 2 },
      by_reason: { self_test_failed: 1, "stalled:cutover-ready": 1 },
    });
  });
});

describe("an attempt", () => {
  it("is explained step by step", () => {
    const story = new Story();
    const cutover = upToCutover(story, running(story));
    handOver(story, cutover);
    story.tell(cutover.old, "failed", {}, { upgradeId: cutover.upgradeId });
    const why = whyOf(story.record(cutover.upgradeId));
    expect(why[0]).toMatchObject({ text: "local:ada asked for 0.1.2: because", anomalies: [] });
    expect(why.map(({ text }) => text).join("\n")).toContain(
      `for 15 s it had seen heartbeats of ${cutover.fresh.instance_id} with 0.1.2, running.`,
    );
    expect(why.at(-1)).toMatchObject({ anomalies: ["late"] });
  });

  it("is on probation for an hour after it was done", () => {
    const story = new Story();
    upgraded(story, running(story), "0.1.2");
    const last = story.device().last_upgrade;
    const doneAt = Date.parse(last?.completed_at ?? "");
    expect(last && probationUntil(last)).toBe(new Date(doneAt + 3_600_000).toISOString());
  });
});
