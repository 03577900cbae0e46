// What is strange is kept, recognised and counted, and changes nothing else (spec §6).
import { ANOMALY_KINDS, type AnomalyKind, statusOf } from "@upgrade-ledger/projections";
import { describe, expect, it } from "vitest";
import { author, nextId, Story } from "./story.ts";
import { running, upgraded, upToCutover } from "./tales.ts";

function counted(story: Story): Partial<Record<AnomalyKind, number>> {
  const { anomalies } = story.device();
  return Object.fromEntries(
    ANOMALY_KINDS.filter((kind) => anomalies[kind] > 0).map((kind) => [kind, anomalies[kind]]),
  );
}

/** Everything but the bookkeeping, the counts and how far it was read. */
function essence(story: Story) {
  const { anomalies: _a, bookkeeping: _b, valid_at_seq: _s, valid_at_time: _t, ...rest } = story.device();
  return rest;
}

describe("duplicates", () => {
  it("count once, also when hundreds of events lie between", () => {
    const story = new Story();
    const { fresh, upgradeId } = upgraded(story, running(story), "0.1.2");
    let agent = fresh;
    for (let round = 0; round < 20; round++) {
      ({ fresh: agent } = upgraded(story, agent, round % 2 === 0 ? "0.1.1" : "0.1.2"));
    }
    expect(counted(story)).toEqual({});
    const before = essence(story);
    const seqOfFirst = story.lines.findIndex(({ data }) => data.includes('"staging"')) + 1;
    story.repeat(seqOfFirst);
    expect(counted(story)).toEqual({ duplicate: 1 });
    expect(essence(story)).toEqual(before);
    const late = story.history().outside.events.at(-1);
    expect(late).toMatchObject({ upgrade_id: upgradeId, anomalies: ["duplicate"] });
  });

  it("are recognised when another process asks again under the same id", () => {
    const story = new Story();
    running(story);
    const upgradeId = story.asksFor("0.1.2");
    const commandSeq = story.seq;
    story.tell(
      author("api"),
      "desired-version",
      { desired_version: "0.1.2" },
      { eventId: upgradeId, upgradeId },
    );
    expect(counted(story)).toEqual({ duplicate: 1 });
    expect(story.device()).toMatchObject({
      upgrade: { upgrade_id: upgradeId, requested_seq: commandSeq },
      last_command_seq: story.seq,
    });
    expect(story.record(upgradeId).events).toHaveLength(2);
  });

  it("of one observation by two observers count once", () => {
    const story = new Story();
    const agent = running(story);
    const eventId = nextId(8);
    const fields = { instance_id: agent.instance_id, current_version: "0.1.1", agent_state: "draining" };
    story.tell(story.observer, "agent-observed", fields, { eventId });
    story.tell(author("observer"), "agent-observed", fields, { eventId });
    expect(counted(story)).toEqual({ duplicate: 1 });
  });
});

describe("order", () => {
  it("a gap is noted once, and the missing event is out of order when it comes", () => {
    const story = new Story();
    const old = running(story);
    const upgradeId = story.asksFor("0.1.2");
    story.tell(old, "staging", {}, { upgradeId, sequence: 4 });
    expect(counted(story)).toEqual({ gap: 1 });
    story.tell(old, "draining", {}, { upgradeId, sequence: 3 });
    expect(counted(story)).toEqual({ gap: 1, out_of_order: 1 });
    expect(story.device().upgrade?.phase).toBe("draining");
    story.tell(old, "verifying", {}, { upgradeId, sequence: 5 });
    story.tell(old, "draining", {}, { upgradeId, sequence: 2 });
    expect(counted(story)).toEqual({ gap: 1, out_of_order: 2 });
  });

  it("a writer that does not count is still read", () => {
    const story = new Story();
    const old = running(story);
    const upgradeId = story.asksFor("0.1.2");
    story.tell(old, "draining", {}, { upgradeId, sequence: 1 });
    story.tell(old, "staging", {}, { upgradeId, sequence: 1 });
    expect(counted(story)).toEqual({ out_of_order: 2 });
    expect(story.device().upgrade?.phase).toBe("staging");
  });

  it("an unknown event does not make the next one look like a gap", () => {
    const story = new Story();
    const old = running(story);
    story.tell(old, "started", { type: "rebooted-sideways" });
    story.tell(old, "started");
    expect(counted(story)).toEqual({ unknown: 1 });
  });

  it("a writer that was quiet for long goes on where it was", () => {
    const story = new Story();
    const old = running(story);
    const upgradeId = story.asksFor("0.1.2");
    for (let n = 0; n < 20; n++) story.tell(author("observer"), "agent-observed");
    story.tell(old, "draining", {}, { upgradeId });
    expect(counted(story)).toEqual({});
    expect(story.device().bookkeeping.writers).toHaveLength(12);
  });
});

describe("late events", () => {
  it("after the end change nothing", () => {
    const story = new Story();
    const { old, upgradeId } = upgraded(story, running(story), "0.1.2");
    const before = essence(story);
    const events = [
      "draining",
      "staging",
      "verifying",
      "cutover-ready",
      "stopping",
      "failed",
      "done",
    ] as const;
    for (const type of events) story.tell(old, type, {}, { upgradeId });
    story.tell(story.operator, "upgrade-stop", {}, { upgradeId });
    story.tell(story.observer, "stalled", {}, { upgradeId });
    story.cancels(upgradeId);
    const after = essence(story);
    expect(counted(story)).toEqual({ late: 10 });
    expect(after).toEqual({
      ...before,
      desired_version: null,
      last_command_seq: after.last_command_seq,
      last_stop_seq: after.last_stop_seq,
    });
    expect(story.history().upgrades).toMatchObject([{ upgrade_id: upgradeId, late_events: 10 }]);
  });

  it("of an attempt long past are kept outside its finished record", () => {
    const story = new Story();
    const first = upgraded(story, running(story), "0.1.2");
    upgraded(story, first.fresh, "0.1.1");
    const finished = story.record(first.upgradeId);
    story.tell(first.old, "failed", {}, { upgradeId: first.upgradeId });
    expect(story.record(first.upgradeId)).toEqual(finished);
    expect(story.history().outside.events.at(-1)).toMatchObject({
      upgrade_id: first.upgradeId,
      anomalies: ["late"],
    });
  });
});

describe("versions nobody asked for", () => {
  it("make the device drifted, with an interval of its own", () => {
    const story = new Story();
    running(story);
    const manual = author("agent", "0.1.9");
    story.sees(manual.instance_id, "0.1.9");
    expect(counted(story)).toEqual({ unrequested_version: 1 });
    expect(statusOf(story.device(), null, story.nowMs)).toBe("drifted");
    expect(story.history().intervals).toMatchObject([
      { version: "0.1.1", to_seq: story.seq },
      { version: "0.1.9", how: "unrequested", to: null, requested_by: null },
    ]);
    expect(story.device().instances.map(({ role }) => role)).toEqual(["gone", "active"]);
  });

  it("are not builds of one version", () => {
    const story = new Story();
    const agent = running(story);
    story.sees(agent.instance_id, "0.1.1+sha.9f");
    expect(counted(story)).toEqual({});
    expect(story.device().current_version).toBe("0.1.1+sha.9f");
    expect(story.history().intervals).toHaveLength(1);
  });

  it.each(["the heartbeat", "the agent's own word"])(
    "going back on its own is a revert, %s first",
    (first) => {
      const story = new Story();
      const { upgradeId } = upgraded(story, running(story), "0.1.2");
      const restored = author("agent", "0.1.1");
      if (first === "the heartbeat") story.sees(restored.instance_id, "0.1.1");
      story.tell(restored, "started", { boot_reason: "revert" });
      story.tell(restored, "reverted", {}, { upgradeId });
      const device = story.device();
      expect(device).toMatchObject({
        current_version: "0.1.1",
        unrequested: null,
        upgrade: null,
        last_upgrade: { outcome: "done", reverted: { to_version: "0.1.1", reason_code: "crash_loop" } },
      });
      expect(statusOf(device, null, story.nowMs)).toBe("failed");
      expect(story.history().intervals.at(-1)).toMatchObject({ version: "0.1.1", how: "revert", to: null });
      expect(story.history().upgrades).toMatchObject([{ outcome: "done", reverted: true }]);
    },
  );
});

describe("the rest", () => {
  it("notes a clock that runs ahead, or an answer before its question, but no late delivery", () => {
    const story = new Story();
    const old = running(story);
    const upgradeId = story.asksFor("0.1.2");
    story.tell(old, "draining", {}, { upgradeId, occurredAt: "2026-05-06T22:30:00.000Z" });
    story.tell(old, "staging", {}, { upgradeId, occurredAt: "1970-01-01T00:00:10.000Z" });
    expect(counted(story)).toEqual({ clock_skew: 2 });
    story.nowMs += 7 * 86_400_000;
    story.tell(old, "verifying", {}, { upgradeId, occurredAt: "2026-05-06T22:05:00.123456Z" });
    expect(counted(story)).toEqual({ clock_skew: 2 });
  });

  it("notes an old agent that ended without a stop", () => {
    const story = new Story();
    const { upgradeId, old, fresh } = upToCutover(story, running(story));
    story.tell(
      fresh,
      "done",
      {
        stop_event_id: null,
        old_exit: "signal 9",
        old_instance: { instance_id: old.instance_id, last_sequence: 5, last_hash: null },
      },
      { upgradeId },
    );
    expect(counted(story)).toEqual({ ended_without_stop: 1 });
  });
});
