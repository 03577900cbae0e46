// docs/decision.md and docs/operator.md say what the code does.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { WITHHELD_REASONS } from "../../src/coordinator/core/withheld.ts";
import { completeSettings, DEFAULT_OPERATOR_SETTINGS } from "../../src/settings.ts";

const page = (name: string) => readFileSync(new URL(`../../../../docs/${name}`, import.meta.url), "utf8");
const firstCells = (text: string) => [...text.matchAll(/^\| `([^`]+)` +\|/gm)].map(([, cell]) => cell);

describe("the documentation", () => {
  it("lists every reason why a stop is withheld, and no other", () => {
    expect(firstCells(page("decision.md")).toSorted()).toEqual(
      [...WITHHELD_REASONS, "link-down", "not-stored"].toSorted(),
    );
  });

  it("lists every setting", () => {
    expect(firstCells(page("operator.md"))).toEqual(
      expect.arrayContaining(Object.keys(DEFAULT_OPERATOR_SETTINGS)),
    );
  });
});

describe("settings", () => {
  it("are the specification's unless given", () => {
    expect(completeSettings({})).toEqual(DEFAULT_OPERATOR_SETTINGS);
    expect(completeSettings({ soakMs: 300 })).toMatchObject({ soakMs: 300, deadlineMs: 30_000 });
  });

  it.each([
    [{ soakMs: 0 }, /soakMs: must be at least 1/],
    [{ soakMs: Number.NaN }, /soakMs/],
    [{ maxStopAttempts: 0 }, /maxStopAttempts/],
    [{ stopRetryAfterMs: -1 }, /stopRetryAfterMs/],
    [
      { stalledAfterMs: { ...DEFAULT_OPERATOR_SETTINGS.stalledAfterMs, staging: 0 } },
      /stalledAfterMs\.staging/,
    ],
  ])("that would make the coordinator careless are refused: %j", (settings, message) => {
    expect(() => completeSettings(settings)).toThrow(message);
  });
});
