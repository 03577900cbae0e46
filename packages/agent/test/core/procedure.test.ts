// The procedure step by step: what each state does with each input that matters to it (spec §4).
import { EventId, InstanceId, type UpgradeId } from "@upgrade-ledger/contract";
import { describe, expect, it } from "vitest";
import { type Stop, terminalEventId, view } from "../../src/core/index.ts";
import { newEvent, upgradeOf, version } from "./ids.ts";
import type { Process } from "./simulated-process.ts";
import { isTerminal, World } from "./world.ts";

const TO = version("2.0.0");

function one(world: World): Process {
  const [first] = world.living;
  if (first === undefined) throw new Error("no process lives");
  return first;
}

/** A device that was asked for 2.0.0, `works` pieces of work later. */
function asked(works: number, world = new World()) {
  const upgradeId = upgradeOf(world.ask(TO));
  const old = one(world);
  for (let done = 0; done < works; done += 1) world.succeed(old);
  return { world, old, upgradeId };
}

/** The number of works after which the old instance is at the step. */
const AT = { draining: 0, staging: 1, verifying: 2, swapping: 4, starting: 5, "cutover-ready": 6 } as const;

/** Both run, and the old one has seen the new one. */
function cutover(world = new World()) {
  const begun = asked(AT["cutover-ready"], world);
  const fresh = world.living.find((process) => process !== begun.old);
  if (fresh === undefined) throw new Error("no new process");
  world.beat(fresh);
  return { ...begun, fresh };
}

/** Time passes, a second at a time. */
function silent(world: World, ms: number): void {
  for (let passed = 0; passed < ms; passed += 1_000) world.tick(1_000);
}

/** What the ledger says of `id` or of nothing in particular. */
function lastOf(last: { seq: number; terminal: boolean; same: boolean } | null, id: UpgradeId) {
  return last === null ? null : { seq: last.seq, terminal: last.terminal, upgradeId: last.same ? id : null };
}

/** Lost its attempts, was asked for 2.0.0 at sequence 11, and is told what it wrote last. */
function amnesiac(last: Parameters<typeof lastOf>[0]) {
  const world = new World();
  world.crash(one(world));
  world.attempts = null;
  world.supervise();
  world.seq = 10;
  const id = upgradeOf(world.ask(TO));
  expect(one(world).state.upgrade).toBeNull();
  world.give(one(world), { kind: "own-last", last: lastOf(last, id) });
  return { world, id };
}

const endOf = (world: World) => world.events.filter(isTerminal).map(({ body }) => body);

describe("the happy path", () => {
  it("writes each step before it is taken, hands over, and ends with done by the new instance", () => {
    const { world, old, fresh, upgradeId } = cutover();
    expect(view(old.state)).toMatchObject({
      agentState: "cutover-ready",
      upgradeId,
      wantsLock: false,
      mayStart: false,
    });
    expect(view(fresh.state)).toMatchObject({
      agentState: "running",
      upgradeId,
      wantsLock: true,
      mayStart: true,
    });
    const stop = world.stop();
    world.answerProbes();
    expect(old.exit).toBe("clean");
    world.tick(1_000);
    world.acknowledge();
    expect(world.types()).toEqual([
      "started",
      "draining",
      "staging",
      "verifying",
      "started",
      "cutover-ready",
      "stopping",
      "done",
    ]);
    expect(endOf(world)).toEqual([
      expect.objectContaining({
        stop_event_id: stop.eventId,
        old_exit: null,
        from_version: "1.0.0",
        to_version: "2.0.0",
      }),
    ]);
    expect(world.marker?.at).toMatchObject({ step: "probation", until_ms: world.nowMs + 30_000 });
    world.tick(1);
    world.tick(30_000);
    expect(world.marker).toBeNull();
    expect(world.attempts?.upgrades).toEqual([upgradeId]);
  });

  it.each(Object.entries(AT))("says in its heartbeats where it is: %s", (step, works) => {
    const { old } = asked(works);
    const said = { swapping: "verifying", starting: "cutover-ready" }[step] ?? step;
    expect(view(old.state)).toMatchObject({ agentState: said, mayStart: false, wantsLock: true });
    expect(old.state.upgrade?.at.step).toBe(step);
  });
});

describe("an upgrade that is answered at once", () => {
  it("is done when the version runs already, whatever its build metadata", () => {
    const world = new World();
    world.ask(version("1.0.0+sha.1"));
    expect(endOf(world)).toEqual([
      expect.objectContaining({ type: "done", stop_event_id: null, old_exit: null }),
    ]);
  });

  it("fails when upgrades are off", () => {
    const world = new World({ upgradesEnabled: false });
    world.ask(TO);
    expect(endOf(world)).toEqual([
      expect.objectContaining({ reason_code: "upgrades_disabled", failed_phase: "requested" }),
    ]);
  });

  it("is attempted once, however often the command is read", () => {
    const { world, old } = asked(AT.staging);
    world.fail(old, false);
    world.acknowledge();
    world.crash(old);
    world.supervise();
    world.deliverDesired();
    expect(endOf(world)).toHaveLength(1);
    expect(one(world).work).toEqual([]);
  });
});

describe("before the cutover", () => {
  it("a drain that does not end in time fails the upgrade", () => {
    const { world } = asked(AT.draining);
    world.tick(60_000);
    expect(endOf(world)).toEqual([
      expect.objectContaining({ reason_code: "drain_timeout", reverted: false }),
    ]);
  });

  it("staging is tried again with backoff and jitter, and each retry is an event", () => {
    const { world, old } = asked(AT.staging);
    world.fail(old, true);
    expect(world.events.at(-1)?.body).toMatchObject({
      type: "staging",
      attempt: 2,
      last_error: "stage failed",
    });
    world.tick(749);
    expect(old.work).toEqual([]);
    world.tick(1);
    expect(old.work).toHaveLength(1);
    world.fail(old, true);
    world.tick(1_499);
    expect(old.work).toEqual([]);
    world.tick(1);
    expect(old.work).toHaveLength(1);
  });

  it("staging ends at its deadline, also while an attempt hangs", () => {
    const { world } = asked(AT.staging);
    world.tick(60_000);
    expect(endOf(world)).toEqual([expect.objectContaining({ reason_code: "staging_timeout" })]);
  });

  it.each([
    [AT.staging, "download_failed", "staging"],
    [AT.verifying, "self_test_failed", "verifying"],
  ])("a final error after %i works ends it as %s in %s", (works, code, phase) => {
    const { world, old } = asked(works);
    world.fail(old, false);
    expect(endOf(world)).toEqual([
      expect.objectContaining({ reason_code: code, failed_phase: phase, reverted: false }),
    ]);
    expect(view(old.state)).toMatchObject({ agentState: "running", mayStart: true });
    expect(world.link).toBe("1.0.0");
  });

  it("an agent that keeps dying gives the upgrade up", () => {
    const { world } = asked(AT.staging);
    for (let time = 0; time < 4; time += 1) {
      world.crash(one(world));
      world.supervise();
    }
    expect(endOf(world)).toEqual([expect.objectContaining({ reason_code: "interrupted", reverted: false })]);
  });
});

describe("a newer command", () => {
  it.each([AT.draining, AT.staging, AT.verifying])(
    "supersedes one that has not reached the swap (%i)",
    (works) => {
      const { world, old, upgradeId } = asked(works);
      const newer = world.ask(version("3.0.0"));
      expect(world.terminals(upgradeId)[0]?.body).toMatchObject({ by_event_id: newer, reverted: false });
      expect(old.state.upgrade).toMatchObject({ to_version: "3.0.0", at: { step: "draining" } });
    },
  );

  it.each([AT.swapping, AT.starting, AT["cutover-ready"]])(
    "reverts one that has (%i), then is taken",
    (works) => {
      const { world, old, upgradeId } = asked(works);
      const newer = world.ask(version("3.0.0"));
      for (let round = 0; round < 5 && world.terminals(upgradeId).length === 0; round += 1)
        world.succeed(old);
      expect(world.terminals(upgradeId)[0]?.body).toMatchObject({ by_event_id: newer, reverted: true });
      expect(world.link).toBe("1.0.0");
      expect(old.state.upgrade?.to_version).toBe("3.0.0");
    },
  );

  it("does not call an accepted stop back: the new agent takes it", () => {
    const { world, old, fresh, upgradeId } = cutover();
    world.stop();
    world.answerProbes();
    expect(old.exit).toBe("clean");
    world.ask(version("3.0.0"));
    world.tick(1_000);
    expect(world.terminals(upgradeId)[0]?.body.type).toBe("done");
    expect(fresh.state.upgrade?.to_version).toBe("3.0.0");
  });

  it("that cancels ends the upgrade; one that cancels another says nothing about it", () => {
    const { world, old, upgradeId } = asked(AT.staging);
    const other = {
      seq: 90,
      eventId: newEvent(),
      upgradeId: upgradeOf(newEvent()),
      version: null,
      artifact: null,
    };
    world.give(old, { kind: "desired", desired: other });
    expect(old.state.upgrade?.at.step).toBe("staging");
    world.give(old, { kind: "desired", desired: { ...other, seq: 91, upgradeId } });
    expect(world.terminals(upgradeId)[0]?.body.type).toBe("superseded");
    expect(view(old.state).agentState).toBe("running");
  });

  it("for the running version supersedes, then is done at once", () => {
    const { world, upgradeId } = asked(AT.verifying);
    const back = world.ask(version("1.0.0"));
    expect(world.terminals(upgradeId)[0]?.body.type).toBe("superseded");
    expect(world.terminals(upgradeOf(back))[0]?.body.type).toBe("done");
  });

  it("that is older than the last one read counts for nothing", () => {
    const { world, old } = asked(AT.staging);
    const stale = {
      seq: 0,
      eventId: newEvent(),
      upgradeId: upgradeOf(newEvent()),
      version: version("9.0.0"),
      artifact: null,
    };
    world.give(old, { kind: "desired", desired: stale });
    expect(old.state.upgrade?.to_version).toBe("2.0.0");
  });
});

describe("the cutover", () => {
  it("is reverted when no heartbeat comes in the time in which the own link is up", () => {
    const { world, old } = asked(AT["cutover-ready"]);
    world.give(old, { kind: "link", up: false });
    silent(world, 100_000);
    expect(old.state.upgrade?.at.step).toBe("cutover-ready");
    world.give(old, { kind: "link", up: true });
    silent(world, 21_000);
    expect(old.state.upgrade?.at.step).toBe("reverting");
    for (let round = 0; round < 5; round += 1) world.succeed(old);
    expect(endOf(world)).toEqual([
      expect.objectContaining({ reason_code: "heartbeat_timeout", reverted: true }),
    ]);
    expect(world.living).toEqual([old]);
  });

  it("counts no time in which the agent itself was not running", () => {
    const { world, old } = asked(AT["cutover-ready"]);
    world.tick(3_600_000);
    expect(old.state.upgrade?.at.step).toBe("cutover-ready");
  });

  it("waits for the stop for ever while the new agent lives", () => {
    const { world, old, fresh } = cutover();
    for (let hour = 0; hour < 3_600; hour += 1) {
      world.tick(1_000);
      world.beat(fresh);
      world.succeed(old);
    }
    expect(old.state.upgrade?.at.step).toBe("cutover-ready");
  });

  it("is reverted when the new agent falls silent after it was seen, or is given up", () => {
    const quiet = cutover();
    silent(quiet.world, 21_000);
    expect(quiet.old.state.upgrade?.at).toMatchObject({ end: { reason_code: "new_agent_silent" } });
    const dead = cutover();
    dead.world.crash(dead.fresh);
    dead.world.tick(2_000);
    dead.world.succeed(dead.old);
    expect(dead.old.state.upgrade?.at).toMatchObject({ end: { reason_code: "new_agent_gave_up" } });
  });

  it("ignores heartbeats of itself, of another version and of another upgrade", () => {
    const { world, old } = asked(AT["cutover-ready"]);
    const beat = { kind: "heartbeat", agentState: "running", version: "2.0.0", upgradeId: null } as const;
    world.give(old, { ...beat, instanceId: old.instanceId });
    world.give(old, { ...beat, instanceId: InstanceId.parse("x"), version: "2.0.1" });
    world.give(old, { ...beat, instanceId: InstanceId.parse("x"), upgradeId: upgradeOf(newEvent()) });
    expect(old.state.watch.seen).toBeNull();
    world.give(old, { ...beat, instanceId: InstanceId.parse("x") });
    expect(old.state.watch.seen).toBe("x");
  });

  it("a start that fails is taken back; a revert that fails is tried until it succeeds", () => {
    const { world, old } = asked(AT.starting);
    world.fail(old, false);
    expect(old.state.upgrade?.at.step).toBe("reverting");
    world.fail(old, false);
    world.tick(1_999);
    expect(old.work).toEqual([]);
    world.tick(1);
    world.succeed(old);
    world.succeed(old);
    expect(world.link).toBe("1.0.0");
    expect(endOf(world)).toHaveLength(1);
  });
});

describe("a stop", () => {
  it.each<[string, (world: World, old: Process) => Partial<Stop>, string]>([
    ["that was found by catching up", () => ({ heardMs: null }), "stale"],
    ["that was heard too long ago", (world) => ({ heardMs: world.nowMs - 5_001 }), "stale"],
    ["for another upgrade", () => ({ upgradeId: upgradeOf(newEvent()) }), "other_upgrade"],
    ["for another instance", () => ({ stopInstanceId: InstanceId.parse("someone-else") }), "other_instance"],
    [
      "whose evidence does not answer",
      () => ({ evidenceInstanceId: InstanceId.parse("gone") }),
      "new_agent_not_alive",
    ],
    [
      "whose evidence is the old agent",
      (_, old) => ({ evidenceInstanceId: old.instanceId }),
      "new_agent_not_alive",
    ],
  ])("%s is refused, and the agent stays", (_, fields, code) => {
    const { world, old } = cutover();
    const stop = world.stop(fields(world, old));
    world.answerProbes();
    expect(world.events.at(-1)?.body).toMatchObject({ stop_event_id: stop.eventId, reason_code: code });
    expect(old.exit).toBe("running");
    expect(view(old.state).agentState).toBe("cutover-ready");
  });

  it("is refused when the new agent is not connected", () => {
    const { world, old, fresh } = cutover();
    world.give(fresh, { kind: "link", up: false });
    world.stop();
    world.answerProbes();
    expect(world.events.at(-1)?.body).toMatchObject({ reason_code: "new_agent_not_alive" });
    expect(old.exit).toBe("running");
  });

  it("is refused in any other state", () => {
    const { world, old, upgradeId } = asked(AT.verifying);
    world.stop({ upgradeId, stopInstanceId: old.instanceId });
    expect(world.events.at(-1)?.body).toMatchObject({ reason_code: "wrong_state" });
  });

  it("goes stale while the evidence is being asked", () => {
    const { world, old } = cutover();
    world.stop();
    world.nowMs += 5_001;
    world.answerProbes();
    expect(world.events.at(-1)?.body).toMatchObject({ reason_code: "stale" });
    expect(old.exit).toBe("running");
  });

  it("is answered once, however often it is read", () => {
    const { world, old } = cutover();
    const stop = world.stop({ heardMs: null });
    const before = world.events.length;
    world.give(old, { kind: "stop", stop: { ...stop, heardMs: world.nowMs } });
    expect(world.events).toHaveLength(before);
  });

  it("of a predecessor, found by catching up, is nobody's business", () => {
    const { world } = cutover();
    world.stop();
    world.answerProbes();
    world.tick(1_000);
    const before = world.events.length;
    world.give(one(world), { kind: "stop", stop: { ...(world.stops[0] ?? world.stop()), heardMs: null } });
    expect(world.events).toHaveLength(before);
  });
});

describe("a device that lost its memory", () => {
  it("tries what was asked for after the last that it wrote, or when it never wrote", () => {
    expect(amnesiac(null).world.marker?.at.step).toBe("draining");
    expect(amnesiac({ seq: 5, terminal: false, same: false }).world.marker?.at.step).toBe("draining");
  });

  it("does not try what it may have tried", () => {
    const { world } = amnesiac({ seq: 20, terminal: false, same: true });
    expect(endOf(world)).toEqual([expect.objectContaining({ reason_code: "state-lost", reverted: false })]);
  });

  it("says nothing about what it has ended", () => {
    const { world } = amnesiac({ seq: 20, terminal: true, same: true });
    expect(endOf(world)).toEqual([]);
    expect(world.marker).toBeNull();
  });
});

describe("a restart", () => {
  it.each([
    ["the old version is back although the link names the new one", "2.0.0", "interrupted"],
    ["somebody moved the link back", "1.0.0", "crash_loop"],
  ])("in cutover, %s: reverted", (_, link, code) => {
    const { world, old } = asked(AT["cutover-ready"]);
    for (const process of world.living) world.crash(process);
    world.link = version(link);
    world.start(old.version, "fleet-agent");
    for (let round = 0; round < 5; round += 1) world.succeed(one(world));
    expect(endOf(world)).toEqual([expect.objectContaining({ reason_code: code, reverted: true })]);
    expect(world.link).toBe("1.0.0");
  });

  it("after done, on the version before: reverted is published once", () => {
    const { world } = cutover();
    world.stop();
    world.answerProbes();
    world.tick(1_000);
    world.acknowledge();
    world.crash(one(world));
    world.link = version("1.0.0");
    world.start(version("1.0.0"), "fleet-agent");
    expect(world.events.at(-1)?.body).toMatchObject({
      type: "reverted",
      from_version: "2.0.0",
      to_version: "1.0.0",
    });
    expect(world.marker).toBeNull();
  });

  it("by a version that is no part of the upgrade ends it", () => {
    const { world } = asked(AT.staging);
    world.crash(one(world));
    world.link = version("7.0.0");
    world.supervise();
    expect(endOf(world)).toEqual([expect.objectContaining({ reason_code: "interrupted" })]);
  });
});

describe("identifiers", () => {
  it("a terminal event has one id, whoever writes it", () => {
    const id = upgradeOf(EventId.parse("0193b3c0-0000-7000-8000-000000000001"));
    expect(terminalEventId(id)).toBe(terminalEventId(id));
    expect(EventId.safeParse(terminalEventId(id)).success).toBe(true);
  });
});
