import { describe, expect, it } from "vitest";
import { InstanceId, Version } from "@upgrade-ledger/contract";
import { isCrowded, MAX_INSTANCES, noteStop, observe } from "../../src/coordinator/core/cutover-watch.ts";
import { isBroken, lengthMs } from "../../src/coordinator/core/heartbeat-run.ts";
import { at, hear, heartbeat, NEW, OTHER_UPGRADE, recorded, START } from "./scene.ts";

const soaked = recorded(hear(START, [heartbeat(NEW)], 0, 5_000));
const stamped = (ms: number) => heartbeat(NEW, { sent_at: at(ms).time });
const crowd = (count: number, ms: number) =>
  Array.from({ length: count }, (_, index) => InstanceId.parse(`i${index}`)).reduce(
    (watch, id) => observe(watch, heartbeat(id), at(ms)),
    START,
  );
const run = (watch: typeof START) => watch.runs.get(NEW)!;

describe("a run of heartbeats", () => {
  it("is as long as from its first to its latest heartbeat, not to now", () => {
    expect(lengthMs(run(soaked))).toBe(5_000);
    expect(lengthMs(run(observe(START, heartbeat(NEW), at(900))))).toBe(0);
  });

  it.each([
    ["another version", { current_version: Version.parse("0.1.1") }],
    ["an unknown version", { current_version: "unknown" as const }],
    ["another state", { agent_state: "draining" as const }],
    ["no state", { agent_state: null }],
    ["another upgrade", { upgrade_id: OTHER_UPGRADE }],
    ["no upgrade", { upgrade_id: null }],
  ])("begins anew after %s, also when the next heartbeat is right again", (_, contrary) => {
    const once = observe(soaked, heartbeat(NEW, contrary), at(5_500));
    expect(lengthMs(run(once))).toBe(0);
    const right = observe(once, heartbeat(NEW), at(6_000));
    expect(lengthMs(run(right))).toBe(0);
    expect(run(right).recorded).toBeNull();
  });

  it("bears a gap of two intervals and breaks at a longer one", () => {
    expect(lengthMs(run(observe(soaked, heartbeat(NEW), at(7_000))))).toBe(7_000);
    expect(isBroken(run(soaked), at(7_000))).toBe(false);
    expect(lengthMs(run(observe(soaked, heartbeat(NEW), at(7_001))))).toBe(0);
    expect(isBroken(run(soaked), at(7_001))).toBe(true);
  });

  it("is not prolonged by a repeat of its latest heartbeat, and broken by an older one", () => {
    const first = observe(observe(START, stamped(0), at(0)), stamped(1_000), at(1_000));
    const repeated = observe(first, stamped(1_000), at(2_500));
    expect(run(repeated)).toEqual(run(first));
    expect(lengthMs(run(observe(first, stamped(0), at(1_500))))).toBe(0);
  });

  it("keeps what was recorded of it, and a recording of a broken run is dropped", () => {
    expect(run(observe(soaked, heartbeat(NEW), at(6_000))).recorded).not.toBeNull();
    const broken = observe(soaked, heartbeat(NEW, { agent_state: "draining" }), at(6_000));
    const oldRun = run(soaked);
    expect(run(broken).id).not.toBe(oldRun.id);
  });
});

describe("many instances", () => {
  it("are kept up to a limit, and more are a doubt for a while", () => {
    const full = crowd(MAX_INSTANCES + 1, 0);
    expect(full.runs.size).toBe(MAX_INSTANCES);
    expect(isCrowded(full, at(0))).toBe(true);
    expect(isCrowded(full, at(60_001))).toBe(false);
  });

  it("make room for a new one when they have gone quiet", () => {
    const later = observe(crowd(MAX_INSTANCES, 0), heartbeat(NEW), at(60_000));
    expect(later.runs.has(NEW)).toBe(true);
    expect(later.crowdedAt).toBeNull();
  });
});

it("the wait for an answer counts from the first reading of a stop", () => {
  const read = noteStop(noteStop(START, 1, at(10)), 1, at(20));
  expect(read.stop).toEqual({ attempt: 1, readAt: at(10) });
  expect(noteStop(read, 2, at(30)).stop).toEqual({ attempt: 2, readAt: at(30) });
});
