// Whole upgrades, told once and used by several tests.
import { author, type Author, nextId, type Story } from "./story.ts";

export interface Cutover {
  upgradeId: string;
  old: Author;
  fresh: Author;
}

/** A device that runs a version and has been seen. */
export function running(story: Story, version = "0.1.1"): Author {
  const agent = author("agent", version);
  story.tell(agent, "started");
  story.sees(agent.instance_id, version);
  return agent;
}

/** From the request to cutover-ready, both alive and seen. */
export function upToCutover(story: Story, old: Author, version = "0.1.2"): Cutover {
  const upgradeId = story.asksFor(version);
  story.tell(old, "draining", {}, { upgradeId });
  story.tell(old, "staging", {}, { upgradeId });
  story.tell(old, "verifying", {}, { upgradeId });
  story.tell(old, "cutover-ready", {}, { upgradeId });
  const fresh = author("agent", version);
  story.tell(fresh, "started", { boot_reason: "cutover", previous_version: old.version }, { upgradeId });
  story.sees(fresh.instance_id, version);
  return { upgradeId, old, fresh };
}

/** From cutover-ready to done. */
export function handOver(story: Story, { upgradeId, old, fresh }: Cutover): string {
  const stopId = story.stops(upgradeId, old.instance_id, fresh.instance_id, fresh.version);
  story.tell(old, "stopping", { stop_event_id: stopId }, { upgradeId });
  return story.tell(
    fresh,
    "done",
    {
      from_version: old.version,
      to_version: fresh.version,
      stop_event_id: stopId,
      old_instance: { instance_id: old.instance_id, last_sequence: old.sequence, last_hash: null },
    },
    { upgradeId },
  );
}

/** A whole good upgrade; answers the instance that serves afterwards. */
export function upgraded(story: Story, old: Author, version: string): Cutover {
  const cutover = upToCutover(story, old, version);
  handOver(story, cutover);
  return cutover;
}

/** A device whose agent knows only the ADR; instances are known by their heartbeats alone. */
export function foreignDevice(story: Story, version = "0.1.1"): string {
  const instance = nextId();
  story.sees(instance, version);
  return instance;
}
