// G1: no stop signal unless the operator itself has received heartbeats of the new version, running, after that upgrade's cutover-ready.
// The rule is restated here over what happened, without any of the coordinator's code.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InstanceId, type ReadHeartbeat, Version } from "@upgrade-ledger/contract";
import { NEW, OLD, OTHER_UPGRADE, SETTINGS, THIRD, UPGRADE } from "./scene.ts";
import { type Happening, type Step, Story } from "./story.ts";

const DESIRED = "0.1.2";
const settings = {
  ...SETTINGS,
  soakMs: 4_000,
  deadlineMs: 3_000,
  stopRetryAfterMs: 2_000,
  maxStopAttempts: 3,
};

const beat: fc.Arbitrary<Step> = fc.record({
  kind: fc.constant("heartbeat" as const),
  instance: fc.constantFrom(OLD, NEW, NEW, THIRD),
  version: fc.constantFrom(
    ...[DESIRED, DESIRED, DESIRED, "0.1.1", "0.1.3"].map((text) => Version.parse(text)),
    "unknown" as const,
  ),
  state: fc.constantFrom(
    "running" as const,
    "running" as const,
    "running" as const,
    "draining" as const,
    null,
  ),
  upgradeId: fc.constantFrom(UPGRADE, UPGRADE, UPGRADE, OTHER_UPGRADE, null),
  intervalMs: fc.constantFrom(500, 1_000, 2_000),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant("good" as const), count: fc.integer({ min: 1, max: 7 }) }),
  },
  { weight: 5, arbitrary: beat },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("pass" as const), ms: fc.integer({ min: 0, max: 4_000 }) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("cutover-ready" as const), foreign: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        "newer" as const,
        "cancel" as const,
        "failed" as const,
        "stopping" as const,
        "refuse" as const,
      ),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constantFrom("restart" as const, "lag" as const, "catch-up" as const) }),
  },
);
const story = fc
  .tuple(fc.array(step, { maxLength: 3 }), fc.boolean(), fc.array(step, { minLength: 1, maxLength: 25 }))
  .map(([before, foreign, after]): Step[] => [...before, { kind: "cutover-ready", foreign }, ...after]);

/** Every reason why the stop that was stored at `index` should not have been. */
function objections(happened: readonly Happening[], index: number): string[] {
  const stop = happened.at(index);
  if (stop?.what !== "stored" || stop.event.type !== "upgrade-stop") return ["not a stop"];
  const { draft, seq } = stop.event;
  const before = happened.slice(0, index);
  const found: string[] = [];
  const object = (holds: boolean, why: string) => holds || found.push(why);

  const restartedAt = before.findLastIndex(({ what }) => what === "restart");
  const cutoverAt = before.findLastIndex(
    (item) => item.what === "read" && item.event.type === "cutover-ready",
  );
  const cutover = before[cutoverAt];
  if (cutover?.what !== "read" || cutover.event.type !== "cutover-ready")
    return ["no cutover-ready was read"];
  object(cutoverAt > restartedAt, "the cutover-ready was read by a former process");
  const foreign = cutover.event.foreign;

  const stored = before.filter((item) => item.what === "stored").map(({ event }) => event);
  object(!stored.some(({ type }) => type === "newer" || type === "cancel"), "a newer command is stored");
  const read = before
    .slice(restartedAt + 1)
    .flatMap((item) => (item.what === "read" ? [item.event.type] : []));
  object(!read.includes("failed"), "the upgrade has ended");
  object(
    read.findLast((type) => type === "cutover-ready" || type === "stopping") === "cutover-ready",
    "it is stopping",
  );

  const live = before.slice(cutoverAt + 1).filter((item) => item.what === "heard");
  const of = (instance: string) => live.filter(({ beat: { instance_id } }) => instance_id === instance);
  const good = (b: ReadHeartbeat) =>
    b.current_version === DESIRED &&
    b.agent_state === "running" &&
    (b.upgrade_id === UPGRADE || (foreign && b.upgrade_id === null));
  const witness = of(draft.evidence.instance_id);
  const lastBad = witness.findLastIndex(({ beat: b }) => !good(b));
  let since = witness.length;
  let next = { ms: stop.ms };
  while (since - 1 > lastBad) {
    const earlier = witness.at(since - 1);
    if (earlier === undefined || next.ms - earlier.ms > 2 * earlier.beat.interval_ms) break;
    next = earlier;
    since -= 1;
  }
  const row = witness.slice(since);
  object(row.length >= 2, "fewer than two heartbeats in a row up to the stop");
  object((row.at(-1)?.ms ?? 0) - (row.at(0)?.ms ?? 0) >= settings.soakMs, "not for the soak time");
  object(draft.evidence.instance_id !== OLD, "the witness is the old instance");
  const lastOld = of(OLD).at(-1);
  object(
    lastOld !== undefined && stop.ms - lastOld.ms <= 2 * lastOld.beat.interval_ms,
    "the old one is not heard",
  );
  const others = new Set(live.map(({ beat: b }) => b.instance_id));
  for (const other of others) {
    if (other === OLD || other === draft.evidence.instance_id) continue;
    const last = of(other).at(-1)!;
    const around = stop.ms - last.ms <= 3 * last.beat.interval_ms;
    object(!(around && last.beat.current_version === DESIRED), "two new ones");
  }

  const cited = stored.find(
    (event) => event.type === "agent-observed" && event.eventId === draft.evidence.observed_event_id,
  );
  object(
    cited?.type === "agent-observed" && cited.instance === draft.evidence.instance_id,
    "no cited observation",
  );
  object(
    cited !== undefined && cited.seq < seq && cited.seq > cutover.event.seq,
    "the observation lies elsewhere",
  );

  const earlier = before.filter((item) => item.what === "stored" && item.event.type === "upgrade-stop");
  object(
    draft.attempt === earlier.length + 1 && draft.attempt <= settings.maxStopAttempts,
    "a wrong attempt",
  );
  const pending = earlier.at(-1);
  object(
    pending === undefined || stop.ms - pending.ms >= settings.deadlineMs + settings.stopRetryAfterMs,
    "one is pending",
  );
  return found;
}

const stopsIn = (happened: readonly Happening[]) =>
  happened.flatMap((item, index) =>
    item.what === "stored" && item.event.type === "upgrade-stop" ? [index] : [],
  );

describe("G1", () => {
  it("holds for every stop in any history of heartbeats and ledger events", () => {
    let histories = 0;
    let stops = 0;
    fc.assert(
      fc.property(story, (steps) => {
        const happened = new Story(settings).play(steps);
        const indices = stopsIn(happened);
        histories += 1;
        stops += indices.length;
        expect(indices.flatMap((index) => objections(happened, index))).toEqual([]);
      }),
      { numRuns: 3_000, seed: 22, endOnFailure: false },
    );
    // The property says something: stops are issued in a good part of the histories.
    expect(stops / histories).toBeGreaterThan(0.1);
  });

  it("does not keep stops back: an undisturbed upgrade gets one as soon as the soak is over", () => {
    const happened = new Story(settings).play([
      { kind: "cutover-ready", foreign: false },
      { kind: "good", count: 8 },
    ]);
    const [first, ...more] = stopsIn(happened);
    expect(more).toEqual([]);
    expect(happened.at(first ?? -1)?.ms).toBe(4_000);
  });

  it("an undisturbed upgrade whose old agent never answers gets as many as are allowed", () => {
    const happened = new Story(settings).play([
      { kind: "cutover-ready", foreign: false },
      { kind: "good", count: 60 },
    ]);
    expect(stopsIn(happened).length).toBe(settings.maxStopAttempts);
    expect(InstanceId.parse("new")).toBe(NEW);
  });
});
