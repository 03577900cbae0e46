// Newer commands, cancellations, stops and schedules (spec §3.2, §5).
import { statusOf, waitingFor } from "@upgrade-ledger/projections";
import { describe, expect, it } from "vitest";
import { Story } from "./story.ts";
import { foreignDevice, running, upgraded, upToCutover } from "./tales.ts";

describe("a newer desired version", () => {
  it("ends one that no agent has taken up, citing itself", () => {
    const story = new Story();
    running(story);
    const first = story.asksFor("0.1.2");
    const second = story.asksFor("0.1.3");
    expect(story.device()).toMatchObject({
      desired_version: "0.1.3",
      upgrade: { upgrade_id: second },
      last_upgrade: { upgrade_id: first, outcome: "superseded", ended_by: { event_id: second } },
    });
    expect(story.record(first)).toMatchObject({ outcome: "superseded", event_count: 1 });
  });

  it("lines up behind one that is under way, until the agent gives that up", () => {
    const story = new Story();
    const { upgradeId: first, old } = upToCutover(story, running(story));
    const second = story.asksFor("0.1.3");
    const third = story.asksFor("0.1.4");
    expect(story.device()).toMatchObject({
      desired_version: "0.1.4",
      upgrade: { upgrade_id: first, phase: "cutover-ready" },
      queued: { upgrade_id: third },
      last_upgrade: { upgrade_id: second, outcome: "superseded", ended_by: { event_id: third } },
      last_command_seq: story.seq,
    });
    story.tell(old, "superseded", { by_event_id: third, reverted: true }, { upgradeId: first });
    expect(story.device()).toMatchObject({
      upgrade: { upgrade_id: third, phase: "requested", phase_since: story.now },
      queued: null,
      last_upgrade: { upgrade_id: first, outcome: "superseded" },
    });
    expect(story.device().instances.map(({ role }) => role)).toEqual(["active", "gone"]);
    expect(story.history().upgrades.map(({ upgrade_id, outcome }) => [upgrade_id, outcome])).toEqual([
      [first, "superseded"],
      [second, "superseded"],
      [third, null],
    ]);
  });

  it("is taken up by an agent that forgot the one before", () => {
    const story = new Story();
    const old = running(story);
    const first = story.asksFor("0.1.2");
    story.tell(old, "staging", {}, { upgradeId: first });
    const second = story.asksFor("0.1.3");
    story.tell(old, "failed", {}, { upgradeId: second });
    expect(story.device()).toMatchObject({
      upgrade: null,
      queued: null,
      last_upgrade: { upgrade_id: second },
    });
    expect(story.record(first)).toMatchObject({ outcome: "superseded" });
    expect(story.record(second)).toMatchObject({ outcome: "failed" });
  });

  it("is taken up by an agent that knows only the ADR when it drains again", () => {
    const story = new Story();
    foreignDevice(story);
    story.asksFor("0.1.2");
    story.foreign({ phase: "draining" });
    story.foreign({ phase: "staging" });
    const second = story.asksFor("0.1.3");
    expect(story.device().queued?.upgrade_id).toBe(second);
    story.foreign({ phase: "draining" });
    expect(story.device()).toMatchObject({
      upgrade: { upgrade_id: second, phase: "draining" },
      queued: null,
    });
  });

  it("may be confirmed by the agent after the fold has ended the older one", () => {
    const story = new Story();
    const old = running(story);
    const first = story.asksFor("0.1.2");
    const second = story.asksFor("0.1.3");
    story.tell(old, "superseded", { by_event_id: second }, { upgradeId: first });
    expect(story.device().anomalies.late).toBe(0);
  });
});

describe("a cancellation", () => {
  it("ends one that no agent has taken up", () => {
    const story = new Story();
    running(story);
    const upgradeId = story.asksFor("0.1.2");
    const cancel = story.cancels(upgradeId);
    expect(story.device()).toMatchObject({
      desired_version: null,
      upgrade: null,
      last_upgrade: { outcome: "cancelled", ended_by: { event_id: cancel, type: "desired-version" } },
    });
  });

  it("waits for the agent when one has", () => {
    const story = new Story();
    const { upgradeId, old } = upToCutover(story, running(story));
    const cancel = story.cancels(upgradeId);
    const { upgrade } = story.device();
    expect(upgrade).toMatchObject({ phase: "cutover-ready", cancel: { event_id: cancel } });
    expect(upgrade && waitingFor(upgrade)).toBe("the agent to confirm the cancellation");
    story.tell(old, "superseded", { by_event_id: cancel, reverted: true }, { upgradeId });
    expect(story.device()).toMatchObject({ upgrade: null, last_upgrade: { outcome: "cancelled" } });
  });

  it("of the queued one leaves the one under way", () => {
    const story = new Story();
    const { upgradeId: first } = upToCutover(story, running(story));
    const second = story.asksFor("0.1.3");
    story.cancels(second);
    expect(story.device()).toMatchObject({
      upgrade: { upgrade_id: first },
      queued: null,
      desired_version: null,
      last_upgrade: { upgrade_id: second, outcome: "cancelled" },
    });
  });
});

describe("stops", () => {
  it("are kept with their evidence and what came of them", () => {
    const story = new Story();
    const { upgradeId, old, fresh } = upToCutover(story, running(story));
    const first = story.stops(upgradeId, old.instance_id, fresh.instance_id, "0.1.2");
    expect(story.device()).toMatchObject({ last_stop_seq: story.seq, upgrade: { stop_event_id: first } });
    const refusal = story.tell(
      old,
      "stop-refused",
      { stop_event_id: first, reason_code: "new_agent_not_alive", last_error: "no answer" },
      { upgradeId },
    );
    const { upgrade } = story.device();
    expect(upgrade?.stops).toMatchObject([
      {
        event_id: first,
        attempt: 1,
        deadline_ms: 30_000,
        evidence: { instance_id: fresh.instance_id },
        refused: { event_id: refusal, reason_code: "new_agent_not_alive" },
      },
    ]);
    expect(upgrade && waitingFor(upgrade)).toContain("refused the last stop (new_agent_not_alive)");
    const second = story.stops(upgradeId, old.instance_id, fresh.instance_id, "0.1.2", 2);
    story.tell(old, "stopping", { stop_event_id: second }, { upgradeId });
    expect(story.device().upgrade).toMatchObject({
      phase: "stopping",
      stops: [{ accepted: null }, { event_id: second, accepted: { seq: story.seq } }],
    });
  });

  it("are not asked for any more when the agent went back to an earlier phase", () => {
    const story = new Story();
    const { upgradeId, old } = upToCutover(story, running(story));
    story.tell(old, "staging", {}, { upgradeId });
    expect(story.device().upgrade).toMatchObject({ phase: "staging", cutover_ready: null });
  });
});

describe("schedules", () => {
  it("show as a phase until they end", () => {
    const story = new Story();
    running(story);
    const schedule = story.tell(story.api, "upgrade-scheduled");
    expect(story.device()).toMatchObject({ phase: "scheduled", schedule: { event_id: schedule } });
    expect(statusOf(story.device(), null, story.nowMs)).toBe("scheduled");
    story.tell(story.api, "schedule-ended", { schedule_event_id: schedule });
    expect(story.device()).toMatchObject({ phase: "running", schedule: null });
  });
});

describe("last_command_seq", () => {
  it("is the sequence that the coordinator must expect", () => {
    const story = new Story();
    const { upgradeId } = upgraded(story, running(story), "0.1.2");
    const requested = story.record(upgradeId).upgrade.requested_seq;
    expect(story.device().last_command_seq).toBe(requested);
    story.store("operator-cmd.pi-0042.desired-version", "not json");
    expect(story.device().last_command_seq).toBe(requested);
  });
});
