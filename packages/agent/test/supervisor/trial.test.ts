import { describe, expect, it } from "vitest";
import {
  candidateOf,
  continueTally,
  isOverdue,
  MarkerOnDisk,
  trialOf,
} from "../../src/supervisor/guard/trial.ts";

function markerAt(at: object): MarkerOnDisk {
  return MarkerOnDisk.parse({
    schema: 1,
    upgrade: {
      upgrade_id: "u1",
      from_version: "1.0.0",
      to_version: "2.0.0+sha.9f",
      confirm_timeout_ms: 500,
      at,
    },
  });
}

const CUTOVER = markerAt({ step: "cutover-ready", unit: "x" });
const done = (cutover: boolean) => markerAt({ step: "ended", cutover, end: { type: "done" } });

describe("a version is on trial", () => {
  it.each([
    ["in a cutover whose old one is gone", CUTOVER, "2.0.0", ["2.0.0"], true],
    ["with nobody running at all", CUTOVER, "2.0.0", [], true],
    ["when its done is not acknowledged yet", done(true), "2.0.0", ["2.0.0"], true],
    ["on probation", markerAt({ step: "probation" }), "2.0.0", ["2.0.0"], true],
    ["not while the old one runs", CUTOVER, "2.0.0", ["2.0.0", "1.0.0"], false],
    ["not while one runs that may be the old one", CUTOVER, "2.0.0", [null], false],
    ["not when the link names the old one", CUTOVER, "1.0.0", ["2.0.0"], false],
    ["not when the link names nothing of ours", CUTOVER, null, ["2.0.0"], false],
    ["not before the swap", markerAt({ step: "verifying" }), "2.0.0", [], false],
    ["not when it was done without a cutover", done(false), "2.0.0", [], false],
    [
      "not after it failed",
      markerAt({ step: "ended", cutover: true, end: { type: "failed" } }),
      "2.0.0",
      [],
      false,
    ],
  ])("%s", (_, marker, link, running, expected) => {
    expect(trialOf(marker, link, running) !== undefined).toBe(expected);
  });

  it("never against itself", () => {
    const same = MarkerOnDisk.parse({ upgrade: { ...CUTOVER.upgrade, to_version: "1.0.0" } });
    expect(candidateOf(same)).toBeUndefined();
  });
});

describe("its time", () => {
  const trial = trialOf(CUTOVER, "2.0.0", []);
  const confirmed = trialOf(markerAt({ step: "probation" }), "2.0.0", []);
  if (trial === undefined || confirmed === undefined) throw new Error("both are on trial");

  it("counts from when the old one is gone, and ends with the trial", () => {
    const begun = continueTally(null, trial, 1_000);
    expect(begun).toEqual({ upgrade_id: "u1", failures: 0, since_ms: 1_000 });
    expect(continueTally(begun, trial, 2_000)).toBe(begun);
    expect(continueTally(begun, { ...trial, upgradeId: "u2" }, 2_000)?.since_ms).toBe(2_000);
    expect(continueTally(begun, undefined, 2_000)).toBeNull();
  });

  it("is over after confirm_timeout_ms, unless it is confirmed", () => {
    const tally = { upgrade_id: "u1", failures: 0, since_ms: 1_000 };
    expect(isOverdue(trial, tally, 1_499)).toBe(false);
    expect(isOverdue(trial, tally, 1_500)).toBe(true);
    expect(isOverdue(confirmed, tally, 10_000)).toBe(false);
  });
});
