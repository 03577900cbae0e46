import { InstanceId } from "@upgrade-ledger/contract";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { newEvent, upgradeOf, version } from "./ids.ts";
import type { Process } from "./simulated-process.ts";
import { World } from "./world.ts";

const NOBODY = InstanceId.parse("nobody");

type Action =
  | { readonly do: "tick"; readonly ms: number }
  | { readonly do: "succeed" | "beat" | "crash" | "perform-then-crash"; readonly whose: number }
  | { readonly do: "fail"; readonly whose: number; readonly retryable: boolean }
  | { readonly do: "link"; readonly whose: number; readonly up: boolean }
  | { readonly do: "ask"; readonly of: string | null }
  | {
      readonly do: "stop";
      readonly kind: "good" | "stale" | "other-upgrade" | "other-instance" | "no-evidence";
    }
  | { readonly do: "crash-next"; readonly after: number }
  | { readonly do: "probes" | "acknowledge" | "supervise" | "redeliver" | "take-back" };

const whose = fc.integer({ min: 0, max: 3 });
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 14, arbitrary: fc.record({ do: fc.constant("succeed" as const), whose }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("tick" as const), ms: fc.constantFrom(100, 1_100, 6_000) }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("beat" as const), whose }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom("probes", "acknowledge", "supervise", "redeliver", "take-back"),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("ask" as const),
      of: fc.constantFrom("1.0.0", "2.0.0", "3.0.0", null),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("stop" as const),
      kind: fc.constantFrom("good", "good", "stale", "other-upgrade", "other-instance", "no-evidence"),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("fail" as const), whose, retryable: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("link" as const), whose, up: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("crash", "perform-then-crash"), whose }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("crash-next" as const), after: fc.integer({ min: 0, max: 4 }) }),
  },
);

function apply(world: World, next: Action): void {
  const pick = (n: number): Process | undefined => world.living[n % Math.max(1, world.living.length)];
  switch (next.do) {
    case "tick":
      return world.tick(next.ms);
    case "succeed": {
      const process = pick(next.whose);
      return process && world.succeed(process);
    }
    case "fail": {
      const process = pick(next.whose);
      return process && world.fail(process, next.retryable);
    }
    case "beat": {
      const process = pick(next.whose);
      return process && world.beat(process);
    }
    case "link": {
      const process = pick(next.whose);
      return process && world.give(process, { kind: "link", up: next.up });
    }
    case "crash": {
      const process = pick(next.whose);
      return process && world.crash(process);
    }
    case "perform-then-crash": {
      const process = pick(next.whose);
      const work = process?.work[0];
      if (process === undefined || work === undefined) return;
      world.perform(work);
      return world.crash(process);
    }
    case "ask":
      world.ask(next.of === null ? null : version(next.of));
      return;
    case "stop":
      world.stop(
        {
          good: {},
          stale: { heardMs: null },
          "other-upgrade": { upgradeId: [...world.desired.keys()][0] ?? upgradeOf(newEvent()) },
          "other-instance": { stopInstanceId: world.living[0]?.instanceId ?? NOBODY },
          "no-evidence": { evidenceInstanceId: world.processes[0]?.instanceId ?? NOBODY },
        }[next.kind],
      );
      return;
    case "crash-next":
      world.crashAfter = next.after;
      return;
    case "probes":
      return world.answerProbes();
    case "acknowledge":
      return world.acknowledge();
    case "supervise":
      return world.supervise();
    case "take-back":
      return world.onTrial ? world.takeBack("crash_loop") : undefined;
    case "redeliver":
      return world.deliverDesired();
  }
}

/** Everything works again; then what must hold at the end is looked at. */
function expectSettled(world: World): void {
  world.crashAfter = undefined;
  world.settle();
  expect(world.living.map(({ version: alive }) => alive)).toEqual([world.link]);
  // A refused stop may name any upgrade; only those that the device took on must end, and once.
  const own = world.events.filter(({ body }) => body.type !== "stop-refused");
  const begun = new Set(own.flatMap(({ upgradeId }) => (upgradeId === null ? [] : [upgradeId])));
  for (const upgradeId of begun) expect(world.terminals(upgradeId)).toHaveLength(1);
  for (const exit of world.exits.filter(({ because }) => because === "stopped"))
    expect(world.wasTold(exit)).toBe(true);
}

const CRASHES: readonly Action["do"][] = ["crash", "perform-then-crash", "crash-next", "take-back"];
const actions = fc.array(action, { minLength: 10, maxLength: 80, size: "max" });

test("whatever happens, and wherever it crashes, it ends with one agent, the link at it, and one end for each upgrade", () => {
  fc.assert(
    fc.property(actions, (all) => {
      const world = new World();
      world.ask(version("2.0.0"));
      for (const next of all) apply(world, next);
      expectSettled(world);
      expect(world.marker).toBeNull();
    }),
    { numRuns: 3_000 },
  );
}, 120_000);

test("while nothing crashes, an agent is alive at every moment (G3)", () => {
  fc.assert(
    fc.property(actions, (all) => {
      const world = new World();
      world.ask(version("2.0.0"));
      for (const next of all.filter((one) => !CRASHES.includes(one.do))) {
        apply(world, next);
        expect(world.living.length).toBeGreaterThan(0);
      }
      expectSettled(world);
    }),
    { numRuns: 1_000 },
  );
}, 120_000);

test("a version that never comes up ends with the device on the one before, wherever it crashes (G8)", () => {
  fc.assert(
    fc.property(actions, (all) => {
      const world = new World();
      world.mute.add("2.0.0");
      const id = world.ask(version("2.0.0"));
      for (const next of all.filter(
        (one) => one.do !== "ask" && one.do !== "stop" && !CRASHES.includes(one.do),
      )) {
        apply(world, next);
      }
      expectSettled(world);
      expect(world.link).toBe("1.0.0");
      expect(world.terminals(upgradeOf(id)).map(({ body }) => body.type)).toEqual(["failed"]);
    }),
    { numRuns: 500 },
  );
}, 120_000);
