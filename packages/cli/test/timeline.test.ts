import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Interval } from "../src/source/history-source.ts";
import { canvasOf, timeline } from "../src/words/timeline.ts";

const plain = { isTerminal: true, paint: (_colour: string, text: string) => text };
const START = Date.parse("2026-05-01T00:00:00Z");
const HOUR = 3_600_000;

function ran(spans: readonly (readonly [string, number, Interval["how"]])[]): Interval[] {
  let at = START;
  return spans.map(([version, hours, how], index) => {
    const from = at;
    at += hours * HOUR;
    return {
      version,
      from: new Date(from).toISOString(),
      from_seq: index + 1,
      to: index === spans.length - 1 ? null : new Date(at).toISOString(),
      to_seq: index === spans.length - 1 ? null : index + 2,
      how,
      event_id: "e",
      upgrade_id: null,
      requested_by: null,
      reason: null,
    };
  });
}

const STORY = ran([
  ["0.1.1", 48, "first-seen"],
  ["0.1.2", 24, "upgrade"],
  ["0.1.1", 12, "revert"],
  ["0.1.9", 12, "unrequested"],
]);
const END = START + 96 * HOUR;
const drawn = (columns: number, utf8 = true) => timeline(plain, { columns, utf8 }, STORY, END);

describe("the timeline", () => {
  it("shows each version where it lies on the whole of the time", () => {
    expect(drawn(80)).toBe(
      [
        "0.1.1  2026-05-01 00:00:00Z  2 d   first-seen   ████████████████",
        "0.1.2  2026-05-03 00:00:00Z  1 d   upgrade                      ████████",
        "0.1.1  2026-05-04 00:00:00Z  12 h  revert                               ░░░░",
        "0.1.9  2026-05-04 12:00:00Z  12 h  unrequested                              ▒▒▒▒",
        "",
      ].join("\n"),
    );
  });

  it("loses words in a narrow window, and keeps the bars", () => {
    expect(drawn(24, false)).toBe(
      [
        "0.1.1  ########",
        "0.1.2          ####",
        "0.1.1              <<",
        "0.1.9                ???",
        "",
      ].join("\n"),
    );
    expect(drawn(3)).toBe("0.1…\n0.1…\n0.1…\n0.1…\n");
  });

  it("is one line for each interval, no wider than the window, whatever the clock did", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            fc.oneof(
              fc.stringMatching(/^\d{1,3}\.\d{1,3}\.\d{1,9}$/),
              fc.constantFrom("0.1.1", `1.0.0-${"x".repeat(80)}`),
            ),
            fc.integer({ min: -30, max: 3_000 }),
            fc.constantFrom<Interval["how"][]>("first-seen", "upgrade", "unrequested", "revert"),
          ),
          { maxLength: 20 },
        ),
        fc.integer({ min: 14, max: 200 }),
        fc.integer({ min: -100, max: 10_000 }),
        (spans, columns, endHours) => {
          const text = timeline(plain, { columns, utf8: true }, ran(spans), START + endHours * HOUR);
          const lines = text.split("\n").slice(0, -1);
          expect(lines).toHaveLength(spans.length);
          for (const line of lines) {
            expect(line.length).toBeLessThanOrEqual(columns);
            expect(line).toMatch(/[█▒░]/);
          }
        },
      ),
    );
  });

  it("paints bars only where colours are wanted", () => {
    const painted = { ...plain, paint: (colour: string, text: string) => `<${colour}>${text}` };
    expect(timeline(painted, { columns: 80, utf8: true }, STORY, END)).toContain("<red>░");
  });
});

describe("what a terminal can show", () => {
  it.each([
    [undefined, {}, { columns: 80, utf8: false }],
    [0, { LANG: "C" }, { columns: 80, utf8: false }],
    [120, { LANG: "en_US.UTF-8" }, { columns: 120, utf8: true }],
    [120, { LANG: "en_US.UTF-8", LC_ALL: "C" }, { columns: 120, utf8: false }],
    [120, { LC_CTYPE: "C.utf8", LC_ALL: "" }, { columns: 120, utf8: true }],
  ])("%s columns, %j", (columns, env, canvas) => {
    expect(canvasOf(columns, env)).toEqual(canvas);
  });
});
