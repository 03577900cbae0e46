// Every arrow of the second seed's diagram, and what it gets wrong there (upgrades in Elastic Fleet).
import { statusOf } from "@upgrade-ledger/projections";
import { describe, expect, it } from "vitest";
import { author, Story } from "./story.ts";
import { running, upgraded, upToCutover } from "./tales.ts";

const status = (story: Story) => statusOf(story.device(), null, story.nowMs);

describe("as in the diagram", () => {
  it("initiating an upgrade shows it as updating", () => {
    const story = new Story();
    running(story);
    story.asksFor("8.9.1", "roll-out");
    expect(status(story)).toBe("updating");
    expect(story.device().upgrade).toMatchObject({ requested_at: story.now, requested_by: "local:ada" });
  });

  it("a start that fails is failed at once, and not updating for ever", () => {
    const story = new Story();
    const agent = running(story, "8.9.0");
    const upgradeId = story.asksFor("8.9.1");
    story.tell(
      agent,
      "failed",
      { failed_phase: "requested", reason_code: "upgrades_disabled", last_error: "switched off" },
      { upgradeId },
    );
    expect(status(story)).toBe("failed");
    expect(story.device().last_upgrade).toMatchObject({
      outcome: "failed",
      reason_code: "upgrades_disabled",
      completed_at: story.now,
    });
  });

  it("previous upgrades in the queue are acknowledged and removed, each with its own record", () => {
    const story = new Story();
    const agent = running(story, "8.9.0");
    const previous = story.asksFor("8.9.1");
    story.tell(agent, "draining", {}, { upgradeId: previous });
    const next = story.asksFor("8.9.2");
    story.tell(agent, "superseded", { by_event_id: next }, { upgradeId: previous });
    story.tell(agent, "draining", {}, { upgradeId: next });
    expect(story.record(previous)).toMatchObject({ outcome: "superseded", event_count: 3 });
    expect(story.device().upgrade).toMatchObject({ upgrade_id: next, phase: "draining" });
  });

  it("download, extraction, link and new process are steps that stay readable afterwards", () => {
    const story = new Story();
    const { upgradeId } = upgraded(story, running(story, "8.9.0"), "8.9.1");
    const types = story.record(upgradeId).events.map(({ type }) => type);
    expect(types).toEqual([
      "desired-version",
      "draining",
      "staging",
      "verifying",
      "cutover-ready",
      "started",
      "agent-observed",
      "upgrade-stop",
      "stopping",
      "done",
    ]);
  });

  it("a check-in without details is no success", () => {
    const story = new Story();
    const { old } = upToCutover(story, running(story, "8.9.0"), "8.9.1");
    story.sees(old.instance_id, "8.9.0", "running");
    expect(story.device().upgrade?.phase).toBe("cutover-ready");
    expect(status(story)).toBe("updating");
  });

  it("the watcher's rollback after the acknowledged success is explained, and the device is failed, not healthy", () => {
    const story = new Story();
    const { upgradeId } = upgraded(story, running(story, "8.9.0"), "8.9.1");
    expect(status(story)).toBe("up-to-date");
    const restored = author("agent", "8.9.0");
    story.tell(restored, "started", { boot_reason: "revert", previous_version: "8.9.1" });
    story.tell(
      restored,
      "reverted",
      {
        from_version: "8.9.1",
        to_version: "8.9.0",
        reason_code: "crash_loop",
        last_error: "exited three times",
      },
      { upgradeId },
    );
    expect(status(story)).toBe("failed");
    expect(story.device()).toMatchObject({
      current_version: "8.9.0",
      last_error: "exited three times",
      last_upgrade: { outcome: "done", reverted: { reason_code: "crash_loop", at: story.now } },
    });
    expect(story.history().intervals.map(({ version, how }) => `${version} ${how}`)).toEqual([
      "8.9.0 first-seen",
      "8.9.1 upgrade",
      "8.9.0 revert",
    ]);
  });

  it("a host that was switched off right after the trigger is stalled, with phase and since when", () => {
    const story = new Story();
    running(story, "8.9.0");
    story.asksFor("8.9.1");
    const since = story.now;
    story.nowMs += 3_600_000;
    expect(status(story)).toBe("stalled");
    expect(story.device().upgrade).toMatchObject({ phase: "requested", phase_since: since });
  });
});
