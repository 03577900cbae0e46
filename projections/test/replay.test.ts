// Replay: the life of a device again, event by event (spec §6).
import {
  deviceProjection,
  differencesOf,
  entryOfRecorded,
  foldAll,
  historyProjection,
  Replay,
  stateOf,
  type RecordedEvent,
} from "@upgrade-ledger/projections";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { applyJsonPatch } from "./apply-json-patch.ts";
import { anyLedger } from "./soup.ts";
import { entryOfLine, Story } from "./story.ts";
import { running, upgraded } from "./tales.ts";

const RUNS = { numRuns: 150 };
const everything = (replay: Replay) => replay.steps(new Set(replay.events.map(({ seq }) => seq)));
const jsonOf = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
const nothingKnown = () => stateOf(deviceProjection.initial("pi-0042"));

describe("of any ledger", () => {
  it("the state after the last event is the stored document, and each patch leads from state to state", () => {
    fc.assert(
      fc.property(anyLedger(), (lines) => {
        const entries = lines.map(entryOfLine);
        const steps = everything(new Replay("pi-0042", entries));
        const stored = foldAll(deviceProjection, entries).get("pi-0042");
        if (stored === undefined) return;
        expect(JSON.stringify(steps.at(-1)?.state)).toBe(
          JSON.stringify(stateOf(deviceProjection.restore(stored))),
        );
        let state: unknown = jsonOf(nothingKnown());
        for (const step of steps) {
          expect(step.patch.some(({ path }) => path.startsWith("/bookkeeping"))).toBe(false);
          state = applyJsonPatch(Object(state), step.patch);
          expect(state).toEqual(jsonOf(step.state));
        }
      }),
      RUNS,
    );
  });

  it("each state is the fold of the prefix, whichever steps are asked for", () => {
    fc.assert(
      fc.property(anyLedger(), fc.infiniteStream(fc.boolean()), (lines, coins) => {
        const entries = lines.map(entryOfLine);
        const replay = new Replay("pi-0042", entries);
        const all = everything(replay);
        const some = new Set(replay.events.map(({ seq }) => seq).filter(() => coins.next().value));
        const asked = replay.steps(some);
        expect(jsonOf(asked)).toEqual(jsonOf(all.filter(({ seq }) => some.has(seq))));
        for (const { seq, state } of asked) {
          const prefix = foldAll(deviceProjection, entries.slice(0, seq)).get("pi-0042") ?? "";
          expect(JSON.stringify(state)).toBe(JSON.stringify(stateOf(deviceProjection.restore(prefix))));
        }
      }),
      RUNS,
    );
  });

  it("what a history keeps of known events gives the same replay as the ledger", () => {
    fc.assert(
      fc.property(anyLedger(), (lines) => {
        const entries = lines.map(entryOfLine);
        const kept: RecordedEvent[] = [...foldAll(historyProjection, entries)]
          .filter(([key]) => key !== "pi-0042")
          .flatMap(([, text]) => JSON.parse(text).events);
        const bySeq = new Map(kept.map((recorded) => [recorded.seq, entryOfRecorded(recorded)]));
        const fromHistory = entries
          .filter((entry) => deviceProjection.keyOf(entry) !== undefined)
          .map((entry) => bySeq.get(entry.seq) ?? entry);
        expect(jsonOf(everything(new Replay("pi-0042", fromHistory)))).toEqual(
          jsonOf(everything(new Replay("pi-0042", entries))),
        );
        const told = new Replay("pi-0042", entries).events;
        expect(told.map(({ seq, upgrade_id: id }) => [seq, id])).toEqual(
          kept.toSorted((a, b) => a.seq - b.seq).map(({ seq, upgrade_id: id }) => [seq, id]),
        );
      }),
      RUNS,
    );
  });
});

describe("a step", () => {
  it("has both clocks, the time since the event before, its causes, a sentence and what it changed", () => {
    const story = new Story();
    const agent = running(story);
    const asked = story.asksFor("0.1.2");
    story.nowMs += 59_000;
    story.tell(
      agent,
      "draining",
      {},
      { upgradeId: asked, occurredAt: "2026-05-06T22:00:09.000Z", causedBy: [asked, "seq:2", "seq:999"] },
    );
    const step = everything(new Replay("pi-0042", story.entries())).at(-1);
    expect(step).toMatchObject({
      seq: 4,
      ledger_time: "2026-05-06T22:01:03.000Z",
      occurred_at: "2026-05-06T22:00:09.000Z",
      since_previous_ms: 60_000,
      type: "draining",
      upgrade_id: asked,
      text: "The old agent takes on no new work; 0 reconciles are under way.",
      causes: [
        { ref: asked, seq: 3, type: "desired-version" },
        { ref: "seq:2", seq: 2, type: "agent-observed" },
        { ref: "seq:999", seq: null, type: null },
      ],
    });
    expect(step?.patch).toContainEqual({ op: "replace", path: "/upgrade/phase", value: "draining" });
  });

  it("can be selected by upgrade and by sequence", () => {
    const story = new Story();
    const first = upgraded(story, running(story), "0.1.2");
    upgraded(story, first.fresh, "0.1.3");
    const replay = new Replay("pi-0042", story.entries());
    const ofFirst = replay.select({ upgradeId: first.upgradeId });
    expect(ofFirst[0]).toMatchObject({ type: "desired-version", seq: 3 });
    expect(ofFirst.at(-1)).toMatchObject({ type: "done" });
    expect(replay.select({ fromSeq: 2, toSeq: 4 }).map(({ seq }) => seq)).toEqual([2, 3, 4]);
    expect(replay.select({ fromSeq: 4, toSeq: 2 })).toEqual([]);
  });
});

describe("differences between two states", () => {
  it("are what a person would point at, and none between a state and itself", () => {
    const story = new Story();
    upgraded(story, running(story), "0.1.2");
    const steps = everything(new Replay("pi-0042", story.entries()));
    const [before, after] = [steps[1]?.state, steps[2]?.state];
    const found = differencesOf(before ?? {}, after ?? {});
    expect(found.map(({ path }) => path)).toEqual(
      expect.arrayContaining(["/phase", "/phase_since", "/desired_version", "/upgrade"]),
    );
    expect(found).toContainEqual({ path: "/phase", before: "running", after: "requested" });
    expect(differencesOf(after ?? {}, { ...after, valid_at_seq: 99 })).toEqual([]);
  });

  it("name members that only one state has, and positions in lists", () => {
    const one: object = { labels: { "a/b": 1 }, instances: [{ x: 1 }] };
    const other: object = { labels: {}, instances: [{ x: 1 }, { x: 2 }] };
    expect(differencesOf(one, other)).toEqual([
      { path: "/labels/a~1b", before: 1 },
      { path: "/instances/1", after: { x: 2 } },
    ]);
  });
});
