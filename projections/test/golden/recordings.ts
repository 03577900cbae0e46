// What the recorded ledgers are about. New ones may be added; those that are recorded stay as they are.
import { author, Story, type StoredLine } from "../story.ts";
import { foreignDevice, handOver, running, upgraded, upToCutover } from "../tales.ts";

export function recordings(): Record<string, StoredLine[]> {
  return {
    "adr-good-upgrade": goodUpgrade(),
    "adr-failures": failures(),
    "adr-foreign-agent": foreignAgent(),
    "elastic-rollback": rollback(),
    "newer-commands": newerCommands(),
    "strange-things": strangeThings(),
  };
}

function goodUpgrade(): StoredLine[] {
  const story = new Story();
  story.tell(story.api, "enrolled");
  story.tell(story.api, "artifact-published");
  upgraded(story, running(story), "0.1.2");
  return story.lines;
}

function failures(): StoredLine[] {
  const story = new Story();
  const old = running(story);
  const staging = story.asksFor("0.1.2", "first try");
  story.tell(old, "staging", { attempt: 1, last_error: "connection reset" }, { upgradeId: staging });
  story.tell(
    old,
    "failed",
    { failed_phase: "staging", reason_code: "hash_mismatch", last_error: "hash differs" },
    { upgradeId: staging },
  );
  const verifying = story.asksFor("0.1.3");
  story.tell(old, "verifying", {}, { upgradeId: verifying });
  story.tell(old, "failed", {}, { upgradeId: verifying });
  const silent = story.asksFor("0.1.4");
  story.tell(old, "cutover-ready", {}, { upgradeId: silent });
  story.tell(
    old,
    "failed",
    {
      failed_phase: "cutover-ready",
      reason_code: "heartbeat_timeout",
      last_error: "no heartbeat for 60 s",
      reverted: true,
    },
    { upgradeId: silent },
  );
  upToCutover(story, old, "0.1.5");
  return story.lines;
}

function foreignAgent(): StoredLine[] {
  const story = new Story();
  const old = foreignDevice(story);
  const upgradeId = story.asksFor("0.1.2");
  for (const phase of ["draining", "staging", "verifying", "cutover-ready"]) story.foreign({ phase });
  story.sees("second", "0.1.2");
  story.stops(upgradeId, old, "second", "0.1.2");
  story.foreign({ phase: "stopping" });
  story.foreign({ phase: "done" });
  story.asksFor("0.1.3");
  story.foreign({ phase: "failed", last_error: "no space left" });
  return story.lines;
}

function rollback(): StoredLine[] {
  const story = new Story();
  const { upgradeId } = upgraded(story, running(story, "8.9.0"), "8.9.1");
  const restored = author("agent", "8.9.0");
  story.sees(restored.instance_id, "8.9.0");
  story.tell(restored, "started", { boot_reason: "revert", previous_version: "8.9.1" });
  story.tell(
    restored,
    "reverted",
    { from_version: "8.9.1", to_version: "8.9.0", reason_code: "crash_loop" },
    { upgradeId },
  );
  return story.lines;
}

function newerCommands(): StoredLine[] {
  const story = new Story();
  const { upgradeId: first, old } = upToCutover(story, running(story));
  story.asksFor("0.1.3");
  const third = story.asksFor("0.1.4");
  story.tell(old, "superseded", { by_event_id: third, reverted: true }, { upgradeId: first });
  story.cancels(third);
  const schedule = story.tell(story.api, "upgrade-scheduled");
  story.tell(story.api, "schedule-ended", { schedule_event_id: schedule });
  const cutover = upToCutover(story, old, "0.1.2");
  const stop = story.stops(cutover.upgradeId, old.instance_id, cutover.fresh.instance_id, "0.1.2");
  story.tell(old, "stop-refused", { stop_event_id: stop }, { upgradeId: cutover.upgradeId });
  story.tell(story.observer, "stalled", { phase: "cutover-ready" }, { upgradeId: cutover.upgradeId });
  handOver(story, cutover);
  return story.lines;
}

function strangeThings(): StoredLine[] {
  const story = new Story();
  const old = running(story);
  const upgradeId = story.asksFor("0.1.2");
  story.tell(old, "staging", {}, { upgradeId, sequence: 4 });
  story.tell(old, "draining", {}, { upgradeId, sequence: 3, occurredAt: "2026-05-06T23:30:00.000Z" });
  story.repeat(4);
  story.tell(old, "draining", { type: "rebooted-sideways" }, { upgradeId, sequence: 5 });
  story.store("device-state.pi-0042.upgrade", "not json");
  story.store("device-state.pi-0042.upgrade", '{"phase":"done","device_id":"pi-0001"}');
  story.foreign({ phase: "dancing" });
  story.tell(old, "failed", {}, { upgradeId, sequence: 6 });
  story.tell(old, "done", {}, { upgradeId, sequence: 7 });
  story.tell(story.observer, "agent-silent", { instance_id: old.instance_id });
  story.sees(author("agent").instance_id, "0.1.9");
  return story.lines;
}
