// What holds for every ledger, however strange (spec §6).
import { DeviceId, type LedgerEntry, subjects } from "@upgrade-ledger/contract";
import {
  catalogueProjection,
  deviceProjection,
  evolveWithPatches,
  foldAll,
  historyProjection,
  type KeyedDocument,
  type Projection,
  quarantineProjection,
  statusOf,
  type UpgradeRecord,
  waitingFor,
  whyOf,
} from "@upgrade-ledger/projections";
import * as fc from "fast-check";
import { applyPatches } from "immer";
import { describe, expect, it } from "vitest";
import { anyLedger } from "./soup.ts";
import { author, entryOfLine, nextId, START_MS, Story } from "./story.ts";
import { running, upgraded } from "./tales.ts";

const RUNS = { numRuns: 150 };

/** Folds one key's entries step by step, giving a chance to stop in between. */
function fold<State>(
  projection: Projection<State>,
  entries: readonly LedgerEntry[],
  between = restart<State>,
) {
  const states = new Map<string, State>();
  const stored = new Map<string, string>();
  const keep = ({ key, value }: KeyedDocument) => stored.set(key, JSON.stringify(value));
  for (const entry of entries) {
    const key = projection.keyOf(entry);
    if (key === undefined) continue;
    const state = states.get(key) ?? projection.initial(key);
    projection.evolve(state, entry);
    projection.takeDocuments(state).forEach(keep);
    states.set(key, between(projection, state, stored.get(key) ?? ""));
  }
  return stored;
}

function restart<State>(projection: Projection<State>, _state: State, json: string): State {
  return projection.restore(json);
}

function propertiesOf<State>(projection: Projection<State>): void {
  it("documents are the same however often the fold stops and goes on from what it stored", () => {
    fc.assert(
      fc.property(anyLedger(), (lines) => {
        const entries = lines.map(entryOfLine);
        const whole = foldAll(projection, entries);
        expect(Object.fromEntries(fold(projection, entries))).toEqual(Object.fromEntries(whole));
      }),
      RUNS,
    );
  });

  it("evolving a draft gives what evolving plain state gives, and the patches say exactly that", () => {
    fc.assert(
      fc.property(anyLedger(), (lines) => {
        const plain = new Map<string, State>();
        const drafted = new Map<string, State>();
        for (const entry of lines.map(entryOfLine)) {
          const key = projection.keyOf(entry);
          if (key === undefined) continue;
          const state = plain.get(key) ?? projection.initial(key);
          projection.evolve(state, entry);
          plain.set(key, state);
          const before = drafted.get(key) ?? projection.initial(key);
          const beforeText = JSON.stringify(before);
          const step = evolveWithPatches(projection, before, entry);
          drafted.set(key, step.state);
          expect(JSON.stringify(before)).toBe(beforeText);
          expect(JSON.stringify(step.state)).toBe(JSON.stringify(state));
          const patched: unknown = applyPatches(JSON.parse(beforeText), [...step.patches]);
          expect(patched).toEqual(JSON.parse(JSON.stringify(step.state)));
        }
      }),
      RUNS,
    );
  });

  it("an entry that is delivered again changes nothing", () => {
    fc.assert(
      fc.property(anyLedger(), (lines) => {
        const entries = lines.map(entryOfLine);
        const again = entries.flatMap((entry, index) => [
          entry,
          ...entries.slice(Math.max(0, index - 5), index + 1),
        ]);
        expect(foldAll(projection, again)).toEqual(foldAll(projection, entries));
      }),
      RUNS,
    );
  });
}

describe("device", () => {
  propertiesOf(deviceProjection);
});
describe("history", () => {
  propertiesOf(historyProjection);
});
describe("catalogue", () => {
  propertiesOf(catalogueProjection);
});
describe("quarantine", () => {
  propertiesOf(quarantineProjection);
});

describe("of any ledger", () => {
  it("the device says the same in both projections, and people can read it", () => {
    fc.assert(
      fc.property(anyLedger(), (lines) => {
        const entries = lines.map(entryOfLine);
        const device = foldAll(deviceProjection, entries).get("pi-0042");
        const histories = foldAll(historyProjection, entries);
        const history = histories.get("pi-0042");
        if (device === undefined || history === undefined) return;
        const state = deviceProjection.restore(device);
        expect(historyProjection.restore(history).document.device).toEqual(state);
        expect(statusOf(state, null, START_MS)).toMatch(/^[a-z-]+$/);
        expect(state.upgrade === null ? "nothing" : waitingFor(state.upgrade)).not.toBe("");
      }),
      RUNS,
    );
  });

  it("every entry about the device is kept in exactly one place, and every record explains itself", () => {
    fc.assert(
      fc.property(anyLedger(120), (lines) => {
        const entries = lines.map(entryOfLine);
        const documents = [...foldAll(historyProjection, entries)].filter(([key]) => key !== "pi-0042");
        const values: (UpgradeRecord & { events: { seq: number }[] })[] = documents.map(([, text]) =>
          JSON.parse(text),
        );
        const kept = values.flatMap(({ events }) => events.map(({ seq }) => seq)).toSorted((a, b) => a - b);
        const about = entries.filter((entry) => historyProjection.keyOf(entry) !== undefined);
        expect(kept).toEqual(about.map(({ seq }) => seq));
        for (const value of values.filter((document) => "upgrade" in document)) {
          expect(whyOf(value)).toHaveLength(value.events.length);
        }
      }),
      RUNS,
    );
  });

  it("intervals follow one another without a hole and end with the version that runs", () => {
    fc.assert(
      fc.property(anyLedger(), (lines) => {
        const text = foldAll(historyProjection, lines.map(entryOfLine)).get("pi-0042");
        if (text === undefined) return;
        const { document } = historyProjection.restore(text);
        document.intervals.forEach((interval, index) => {
          expect(interval.to_seq).toBe(document.intervals[index + 1]?.from_seq ?? null);
        });
        const current = document.intervals.at(-1)?.version ?? "unknown";
        expect(document.device.current_version.replace(/\+.*/, "")).toBe(current.replace(/\+.*/, ""));
      }),
      RUNS,
    );
  });
});

describe("size", () => {
  const MAX_MESSAGE_BYTES = 1_000_000;

  it("no document outgrows one message, nor reaches 500 events, in a long and nasty life", () => {
    const story = new Story();
    let agent = running(story);
    const nasty = "\u0001".repeat(4096);
    for (let round = 0; round < 150; round++) {
      const upgradeId = story.asksFor("0.3.0");
      for (let n = 0; n < 12; n++) {
        story.tell(
          agent,
          "staging",
          { last_error: nasty, attempt: n + 1, more: "x".repeat(8_000) },
          { upgradeId },
        );
      }
      story.tell(agent, "failed", { last_error: nasty }, { upgradeId });
      ({ fresh: agent } = upgraded(story, agent, round % 2 === 0 ? "0.1.2" : "0.1.1"));
      story.tell(author("observer"), "agent-observed", { instance_id: nextId(), current_version: "0.1.7" });
    }
    const documents = foldAll(historyProjection, story.entries());
    for (const [key, text] of documents) {
      expect({ key, fits: Buffer.byteLength(text) < MAX_MESSAGE_BYTES }).toEqual({ key, fits: true });
      const events: unknown = JSON.parse(text).events;
      expect(Array.isArray(events) ? events.length : 0).toBeLessThan(500);
    }
    expect(documents.has("pi-0042.older.1")).toBe(true);
    expect(Buffer.byteLength(JSON.stringify(story.device()))).toBeLessThan(100_000);
  });

  it("quarantine pages are finished and kept", () => {
    const story = new Story();
    for (let n = 0; n < 450; n++)
      story.store(subjects.deviceState(DeviceId.parse("pi-0042")), "\u0001".repeat(900));
    const pages = foldAll(quarantineProjection, story.entries());
    expect([...pages.keys()]).toEqual(["quarantine.page-1", "quarantine.page-2", "quarantine.head"]);
  });
});
