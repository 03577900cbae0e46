// A new version that the supervisor has taken back: what the restored agent says, and that it does not try again (spec §4, Probation).
import { describe, expect, it } from "vitest";
import { version } from "./ids.ts";
import type { Process } from "./simulated-process.ts";
import { isTerminal, World } from "./world.ts";

function one(world: World): Process {
  const [first] = world.living;
  if (first === undefined) throw new Error("no process lives");
  return first;
}

/** A device whose new version runs beside the old one. */
function cutover() {
  const world = new World();
  world.ask(version("2.0.0"));
  const old = one(world);
  for (let works = 0; works < 6; works += 1) world.succeed(old);
  const fresh = world.living.find((process) => process !== old);
  if (fresh === undefined) throw new Error("no new process");
  world.beat(fresh);
  return { world, old, fresh };
}

/** The old one has obeyed its stop. */
function stopped() {
  const { world, fresh } = cutover();
  world.stop();
  world.answerProbes();
  return { world, fresh };
}

function finishRevert(world: World): void {
  for (let round = 0; round < 5; round += 1) world.succeed(one(world));
}

const ends = (world: World) => world.events.filter(isTerminal).map(({ body }) => body);
const why = { reason_code: "crash_loop", last_error: "three times exit 3" };

describe("a version that is taken back", () => {
  it("before its done: failed, with the supervisor's reason", () => {
    const { world } = stopped();
    expect(world.onTrial).toBe(true);
    world.takeBack("crash_loop");
    finishRevert(world);
    expect(ends(world)).toEqual([expect.objectContaining({ type: "failed", reverted: true, ...why })]);
    expect(world.events.find(({ by }) => by === one(world).instanceId)?.body).toMatchObject({
      type: "started",
      boot_reason: "revert",
    });
  });

  it("because the old one was killed while it hung: failed, not confirmed", () => {
    const { world, old } = cutover();
    expect(world.onTrial).toBe(false);
    world.crash(old);
    expect(world.onTrial).toBe(true);
    world.takeBack("not_confirmed");
    finishRevert(world);
    expect(ends(world)).toEqual([expect.objectContaining({ type: "failed", reason_code: "not_confirmed" })]);
  });

  it("after its done was written, before that was acknowledged: done, then reverted", () => {
    const { world } = stopped();
    world.tick(1_000);
    expect(world.marker?.at.step).toBe("ended");
    world.takeBack("not_confirmed");
    expect(ends(world).map(({ type }) => type)).toEqual(["done"]);
    expect(world.events.at(-1)?.body).toMatchObject({ type: "reverted", reason_code: "not_confirmed" });
    expect(world.marker).toBeNull();
  });

  it("after its done was decided, and before that was written: failed", () => {
    const { world, fresh } = stopped();
    world.driver = fresh;
    world.crashAfter = 1;
    world.nowMs += 1_000;
    world.give(fresh, {
      kind: "old-gone",
      instanceId: fresh.instanceId,
      marker: world.marker && { schema: 1, upgrade: world.marker },
      attempts: world.attempts,
      linkVersion: world.link,
      tail: null,
    });
    expect([world.marker?.at.step, ends(world)]).toEqual(["ended", []]);
    world.takeBack("crash_loop");
    finishRevert(world);
    expect(ends(world)).toEqual([expect.objectContaining({ type: "failed", ...why })]);
  });

  it("on probation: reverted once, however often the restored one dies", () => {
    const { world } = stopped();
    world.tick(1_000);
    world.acknowledge();
    expect(world.marker?.at.step).toBe("probation");
    const { marker } = world;
    world.takeBack("crash_loop");
    world.marker = marker;
    world.crash(one(world));
    world.supervise();
    const reverted = world.events.filter(({ body }) => body.type === "reverted");
    expect(reverted.map(({ body }) => body)).toEqual([
      expect.objectContaining({ from_version: "2.0.0", to_version: "1.0.0", ...why }),
    ]);
  });

  it("is not tried again, also when the command is read again", () => {
    const { world } = stopped();
    world.takeBack("crash_loop");
    finishRevert(world);
    world.acknowledge();
    world.deliverDesired();
    expect([world.marker, world.link]).toEqual([null, "1.0.0"]);
  });

  it("is not taken up again where the swap was on record and nothing more", () => {
    const world = new World();
    world.ask(version("2.0.0"));
    const old = one(world);
    for (let works = 0; works < 4; works += 1) world.succeed(old);
    expect(world.marker?.at.step).toBe("swapping");
    world.crash(old);
    world.link = version("2.0.0");
    world.supervise();
    expect(world.onTrial).toBe(true);
    world.takeBack("crash_loop");
    finishRevert(world);
    expect(ends(world)).toEqual([expect.objectContaining({ type: "failed", ...why })]);
  });
});

describe("probation", () => {
  it("counts on across restarts of the new version in one boot", () => {
    const { world } = stopped();
    world.tick(1_000);
    world.acknowledge();
    world.tick(20_000);
    world.crash(one(world));
    world.supervise();
    world.tick(9_000);
    expect(world.marker?.at.step).toBe("probation");
    world.tick(1_000);
    expect(world.marker).toBeNull();
  });
});
