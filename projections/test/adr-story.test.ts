// The ADR's procedure and each of its failure modes, as the fold of what the ledger then holds.
import { statusOf, waitingFor } from "@upgrade-ledger/projections";
import { describe, expect, it } from "vitest";
import { author, Story } from "./story.ts";
import { foreignDevice, handOver, running, upgraded, upToCutover } from "./tales.ts";

const status = (story: Story) => statusOf(story.device(), null, story.nowMs);

describe("a good upgrade", () => {
  it("shows both instances in cutover, and what it waits for", () => {
    const story = new Story();
    const cutover = upToCutover(story, running(story));
    const device = story.device();
    expect(device).toMatchObject({
      phase: "cutover-ready",
      current_version: "0.1.1",
      desired_version: "0.1.2",
      upgrade: {
        upgrade_id: cutover.upgradeId,
        from_version: "0.1.1",
        to_version: "0.1.2",
        phase: "cutover-ready",
        requested_by: "local:ada",
        cutover_ready: { instance_id: cutover.old.instance_id, foreign: false },
        stops: [],
      },
    });
    expect(device.instances.map(({ instance_id, role }) => [instance_id, role])).toEqual([
      [cutover.old.instance_id, "old"],
      [cutover.fresh.instance_id, "new"],
    ]);
    expect(status(story)).toBe("updating");
    expect(device.upgrade && waitingFor(device.upgrade)).toBe("15 s of heartbeats of 0.1.2 in state running");
  });

  it("ends verified, because the operator saw the instance that says done", () => {
    const story = new Story();
    const { upgradeId, fresh } = upgraded(story, running(story), "0.1.2");
    const device = story.device();
    expect(device).toMatchObject({
      phase: "running",
      current_version: "0.1.2",
      upgrade: null,
      last_upgrade: { upgrade_id: upgradeId, outcome: "done", verified: true, done_by: fresh.instance_id },
    });
    expect(device.instances.map(({ role }) => role)).toEqual(["gone", "active"]);
    expect(Object.values(device.anomalies).every((count) => count === 0)).toBe(true);
    expect(status(story)).toBe("up-to-date");
    expect(story.history().intervals).toMatchObject([
      { version: "0.1.1", how: "first-seen", to_seq: 12 },
      { version: "0.1.2", how: "upgrade", from_seq: 12, upgrade_id: upgradeId, requested_by: "local:ada" },
    ]);
    const record = story.record(upgradeId);
    expect(record).toMatchObject({ outcome: "done", event_count: 10, event_pages: 0 });
    expect(record.phases.map(({ phase }) => phase)).toEqual([
      "requested",
      "draining",
      "staging",
      "verifying",
      "cutover-ready",
      "stopping",
    ]);
  });

  it("is a claim until the new instance is seen", () => {
    const story = new Story();
    const old = running(story);
    const upgradeId = story.asksFor("0.1.2");
    const fresh = author("agent", "0.1.2");
    story.tell(old, "cutover-ready", {}, { upgradeId });
    story.tell(fresh, "done", {}, { upgradeId });
    expect(story.device().last_upgrade).toMatchObject({ outcome: "done", verified: false });
    expect(status(story)).toBe("unverified");
    story.sees(fresh.instance_id, "0.1.1");
    expect(story.device().last_upgrade?.verified).toBe(false);
    story.sees(fresh.instance_id, "0.1.2+sha.9f");
    expect(story.device().last_upgrade?.verified).toBe(true);
    expect(story.record(upgradeId).upgrade).toMatchObject({ verified: true });
  });

  it("is not verified by an instance that has been silent since it was seen", () => {
    const story = new Story();
    const cutover = upToCutover(story, running(story));
    story.tell(story.observer, "agent-silent", { instance_id: cutover.fresh.instance_id });
    handOver(story, cutover);
    expect(story.device().last_upgrade?.verified).toBe(false);
    story.sees(cutover.fresh.instance_id, "0.1.2");
    expect(story.device().last_upgrade?.verified).toBe(true);
  });
});

describe("failure modes", () => {
  it("staging fails: the error is shown, and asking again is a new upgrade", () => {
    const story = new Story();
    const old = running(story);
    const first = story.asksFor("0.1.2");
    story.tell(old, "staging", {}, { upgradeId: first });
    story.tell(
      old,
      "failed",
      { failed_phase: "staging", reason_code: "hash_mismatch", last_error: "hash differs" },
      { upgradeId: first },
    );
    expect(story.device()).toMatchObject({
      phase: "running",
      current_version: "0.1.1",
      last_error: "hash differs",
      last_upgrade: { outcome: "failed", reason_code: "hash_mismatch", phase: "staging" },
    });
    expect(status(story)).toBe("failed");
    const second = story.asksFor("0.1.2");
    expect(story.device().upgrade?.upgrade_id).toBe(second);
    expect(story.history().upgrades.map(({ upgrade_id, outcome }) => [upgrade_id, outcome])).toEqual([
      [first, "failed"],
      [second, null],
    ]);
  });

  it("the new agent never shows up: the old one reverts and stays", () => {
    const story = new Story();
    const old = running(story);
    const upgradeId = story.asksFor("0.1.4");
    story.tell(old, "cutover-ready", {}, { upgradeId });
    story.tell(old, "failed", { reason_code: "heartbeat_timeout", reverted: true }, { upgradeId });
    expect(story.device()).toMatchObject({ current_version: "0.1.1", upgrade: null });
    expect(story.device().instances).toMatchObject([{ instance_id: old.instance_id, role: "active" }]);
    expect(story.history().intervals).toHaveLength(1);
  });

  it("the operator is away: it stays in cutover-ready for as long as it takes, and is called stalled", () => {
    const story = new Story();
    const { upgradeId } = upToCutover(story, running(story));
    story.nowMs += 86_400_000;
    expect(story.device().upgrade?.phase).toBe("cutover-ready");
    expect(status(story)).toBe("stalled");
    story.tell(story.observer, "stalled", { phase: "cutover-ready", since: story.now }, { upgradeId });
    expect(story.device().upgrade?.stalled).toMatchObject({ phase: "cutover-ready" });
  });

  it("the new agent crashes and is started again beside the old one", () => {
    const story = new Story();
    const { old, fresh, upgradeId } = upToCutover(story, running(story));
    const again = author("agent", "0.1.2");
    story.tell(again, "started", { boot_reason: "restart" }, { upgradeId });
    expect(story.device().instances.map(({ instance_id, role }) => [instance_id, role])).toEqual([
      [old.instance_id, "old"],
      [fresh.instance_id, "gone"],
      [again.instance_id, "new"],
    ]);
  });

  it("the old agent crashes before the cutover and comes back: nothing is unrequested", () => {
    const story = new Story();
    const old = running(story);
    const upgradeId = story.asksFor("0.1.2");
    story.tell(old, "draining", {}, { upgradeId });
    const again = author("agent", "0.1.1");
    story.tell(again, "started", { boot_reason: "restart" });
    story.tell(again, "failed", { reason_code: "interrupted" }, { upgradeId });
    const device = story.device();
    expect(device.instances.map(({ role }) => role)).toEqual(["gone", "active"]);
    expect(device.anomalies.unrequested_version).toBe(0);
  });

  it("a reverse roll-out is an upgrade like any other", () => {
    const story = new Story();
    const { fresh } = upgraded(story, running(story), "0.1.2");
    upgraded(story, fresh, "0.1.1");
    expect(story.device()).toMatchObject({ current_version: "0.1.1", last_upgrade: { verified: true } });
    expect(story.history().intervals.map(({ version, how }) => `${version} ${how}`)).toEqual([
      "0.1.1 first-seen",
      "0.1.2 upgrade",
      "0.1.1 upgrade",
    ]);
  });
});

describe("an agent that knows only the ADR", () => {
  it("belongs to the open upgrade; its old instance is the one seen before at another version", () => {
    const story = new Story();
    const old = foreignDevice(story);
    const upgradeId = story.asksFor("0.1.2");
    for (const phase of ["draining", "staging", "verifying"]) story.foreign({ phase });
    const fresh = "second";
    story.sees(fresh, "0.1.2");
    const seq = story.foreign({ phase: "cutover-ready" });
    expect(story.device()).toMatchObject({
      phase: "cutover-ready",
      upgrade: { cutover_ready: { event_id: `seq:${seq}`, seq, instance_id: old, foreign: true } },
    });
    story.stops(upgradeId, old, fresh, "0.1.2");
    story.foreign({ phase: "done" });
    expect(story.device()).toMatchObject({
      current_version: "0.1.2",
      last_upgrade: { outcome: "done", verified: true, done_by: fresh },
      anomalies: { ended_without_stop: 0 },
    });
    expect(story.device().instances.map(({ role }) => role)).toEqual(["gone", "active"]);
  });

  it("has no old instance while no version was ever reported", () => {
    const story = new Story();
    story.sees("a", "unknown", null);
    story.asksFor("0.1.2");
    story.foreign({ phase: "cutover-ready" });
    expect(story.device().upgrade?.cutover_ready?.instance_id).toBeNull();
    expect(story.device().current_version).toBe("unknown");
  });

  it("is not believed when its heartbeats say otherwise", () => {
    const story = new Story();
    foreignDevice(story);
    story.asksFor("0.1.2");
    story.foreign({ phase: "done" });
    expect(story.device()).toMatchObject({ current_version: "0.1.1", last_upgrade: { verified: false } });
    expect(status(story)).toBe("unverified");
  });

  it("fails with its own words, or none", () => {
    const story = new Story();
    foreignDevice(story);
    story.asksFor("0.1.2");
    story.foreign({ phase: "failed", last_error: "no space" });
    expect(story.device().last_upgrade).toMatchObject({
      outcome: "failed",
      reason_code: "unspecified",
      last_error: "no space",
    });
    story.foreign({ phase: "failed" });
    expect(story.device().anomalies.late).toBe(1);
  });
});
