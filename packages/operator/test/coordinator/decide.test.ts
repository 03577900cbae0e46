import { describe, expect, it } from "vitest";
import { Version } from "@upgrade-ledger/contract";
import type { CutoverWatch } from "../../src/coordinator/core/cutover-watch.ts";
import { decide, type DecisionView } from "../../src/coordinator/core/decide.ts";
import type { UpgradeView } from "../../src/coordinator/core/upgrade-view.ts";
import { WITHHELD_REASONS, type WithheldReason } from "../../src/coordinator/core/withheld.ts";
import {
  at,
  CUTOVER,
  decisionView,
  DEVICE,
  FIRST_STOP,
  hear,
  heartbeat,
  INTERVAL_MS,
  issuedStop,
  NEW,
  NOW,
  OBSERVED,
  OLD,
  OTHER_UPGRADE,
  recorded,
  REFUSAL,
  SETTINGS,
  START,
  stopRead,
  THIRD,
  UPGRADE,
  upgradeView,
  watchUntilNow,
} from "./scene.ts";

const retryMs = SETTINGS.deadlineMs + SETTINGS.stopRetryAfterMs;
const cutover = (changes: object) => ({ cutover: { ...upgradeView().cutover!, ...changes } });

describe("a stop is ordered when all four conditions hold", () => {
  it("names the old instance, cites its evidence, and is conditional on the newest command", () => {
    expect(decide(decisionView(), NOW)).toEqual({
      kind: "stop",
      eventId: expect.stringMatching(/^[0-9a-f-]{14}8/),
      draft: {
        type: "upgrade-stop",
        upgrade_id: UPGRADE,
        reason: "0.1.2 was seen running for 10 s since cutover-ready",
        deadline_ms: 30_000,
        stop_instance_id: OLD,
        attempt: 1,
        evidence: {
          instance_id: NEW,
          current_version: "0.1.2",
          agent_state: "running",
          observed_event_id: OBSERVED,
          heartbeat_at: NOW.time,
          observed_for_ms: 10_000,
        },
        caused_by: [CUTOVER, OBSERVED],
      },
      expect: { subject: `operator-cmd.${DEVICE}.desired-version`, lastSequence: 7 },
    });
  });

  it("has the deciding heartbeat recorded first", () => {
    const decision = decide(decisionView({ watch: watchUntilNow() }), NOW);
    expect(decision).toMatchObject({
      kind: "observe-first",
      draft: { type: "agent-observed", instance_id: NEW, current_version: "0.1.2", agent_state: "running" },
      noted: { instanceId: NEW, attempt: 1, observedForMs: 10_000 },
    });
  });

  it("does not cite an observation from before the cutover-ready, nor one for an earlier attempt", () => {
    const before = decisionView({ watch: recorded(watchUntilNow(), 1, 19) });
    expect(decide(before, NOW).kind).toBe("observe-first");
    const earlier = decisionView({
      upgrade: upgradeView({ stops: [issuedStop(1)] }),
      watch: recorded(stopRead(watchUntilNow(), 1, retryMs), 1),
    });
    expect(decide(earlier, NOW)).toMatchObject({ kind: "observe-first", noted: { attempt: 2 } });
  });

  it("takes heartbeats without an upgrade id only where an agent that knows only the ADR wrote the cutover-ready", () => {
    const watch = recorded(watchUntilNow([heartbeat(OLD), heartbeat(NEW, { upgrade_id: null })]));
    const foreign = upgradeView(cutover({ foreign: true }));
    expect(decide(decisionView({ watch, upgrade: foreign }), NOW).kind).toBe("stop");
    expect(decide(decisionView({ watch }), NOW)).toMatchObject({ reason: "new-other-upgrade" });
  });

  it("takes another build of the desired version for it", () => {
    const build = heartbeat(NEW, { current_version: Version.parse("v0.1.2+sha.9f") });
    const watch = recorded(watchUntilNow([heartbeat(OLD), build]));
    expect(decide(decisionView({ watch }), NOW)).toMatchObject({
      kind: "stop",
      draft: { evidence: { current_version: "0.1.2+sha.9f" } },
    });
  });

  it("issues a second stop when the first has had its time, citing it, under an id of its own", () => {
    const again = decisionView({
      upgrade: upgradeView({ stops: [issuedStop(1)] }),
      watch: recorded(stopRead(watchUntilNow(), 1, retryMs), 2),
    });
    const first = decide(decisionView(), NOW);
    const second = decide(again, NOW);
    expect(second).toMatchObject({
      kind: "stop",
      draft: { attempt: 2, caused_by: [CUTOVER, OBSERVED, FIRST_STOP] },
    });
    expect(first.kind === "stop" && second.kind === "stop" && first.eventId !== second.eventId).toBe(true);
  });

  it("is nothing to decide where no upgrade is open", () => {
    expect(decide(decisionView({ upgrade: null }), NOW)).toEqual({ kind: "idle" });
  });
});

interface Case {
  what: string;
  reason: WithheldReason;
  upgrade?: Partial<UpgradeView>;
  watch?: CutoverWatch | null;
}

const newer = { since: at(1).time };
const spoilt = (changes: Parameters<typeof heartbeat>[1]) =>
  watchUntilNow([heartbeat(OLD), heartbeat(NEW, changes)]);
const until = (ms: number, ...beats: ReturnType<typeof heartbeat>[]) => hear(START, beats, 0, ms);
const both = watchUntilNow();

const CASES: Case[] = [
  { what: "requested", reason: "not-cutover-ready", upgrade: { phase: "requested", cutover: null } },
  { what: "verifying again", reason: "not-cutover-ready", upgrade: { phase: "verifying" } },
  { what: "cancelled", reason: "cancelled", upgrade: { newerCommand: { ...newer, cancels: true } } },
  { what: "newer command", reason: "newer-command", upgrade: { newerCommand: { ...newer, cancels: false } } },
  { what: "stopping", reason: "stop-obeyed", upgrade: { phase: "stopping", stops: [issuedStop(1)] } },
  {
    what: "old unknown",
    reason: "old-instance-unknown",
    upgrade: cutover({ oldInstanceId: null, foreign: true }),
  },
  { what: "no watch", reason: "not-observing", watch: null },
  {
    what: "watch of another cutover-ready",
    reason: "not-observing",
    watch: { ...both, cutoverEventId: REFUSAL },
  },
  {
    what: "stop just issued",
    reason: "stop-pending",
    upgrade: { stops: [issuedStop(1)] },
    watch: stopRead(both, 1, retryMs - 1),
  },
  {
    what: "stop not read yet by this process",
    reason: "stop-pending",
    upgrade: { stops: [issuedStop(2)] },
    watch: stopRead(both, 1, retryMs),
  },
  {
    what: "stop refused",
    reason: "stop-refused",
    upgrade: { stops: [issuedStop(1, { refusal: { eventId: REFUSAL, reasonCode: "stale" } })] },
    watch: stopRead(both, 1, retryMs - 1),
  },
  {
    what: "five stops in vain",
    reason: "attempts-exhausted",
    upgrade: { stops: [issuedStop(5)], stalled: true },
    watch: stopRead(both, 5, retryMs),
  },
  { what: "old never heard", reason: "old-silent", watch: watchUntilNow([heartbeat(NEW)]) },
  {
    what: "old gone quiet",
    reason: "old-silent",
    watch: hear(until(7_000, heartbeat(OLD), heartbeat(NEW)), [heartbeat(NEW)], 8_000, 10_000),
  },
  { what: "a crowd", reason: "too-many-instances", watch: { ...both, crowdedAt: NOW } },
  { what: "no other", reason: "new-missing", watch: watchUntilNow([heartbeat(OLD)]) },
  {
    what: "other gone",
    reason: "new-missing",
    watch: hear(until(6_000, heartbeat(OLD), heartbeat(NEW)), [heartbeat(OLD)], 7_000, 10_000),
  },
  {
    what: "wrong version",
    reason: "new-wrong-version",
    watch: spoilt({ current_version: Version.parse("0.1.3") }),
  },
  { what: "unknown version", reason: "new-wrong-version", watch: spoilt({ current_version: "unknown" }) },
  {
    what: "pre-release",
    reason: "new-wrong-version",
    watch: spoilt({ current_version: Version.parse("0.1.2-rc.1") }),
  },
  {
    what: "two new ones",
    reason: "several-new",
    watch: watchUntilNow([heartbeat(OLD), heartbeat(NEW), heartbeat(THIRD)]),
  },
  { what: "draining", reason: "new-not-running", watch: spoilt({ agent_state: "draining" }) },
  { what: "no state", reason: "new-not-running", watch: spoilt({ agent_state: null }) },
  { what: "another upgrade", reason: "new-other-upgrade", watch: spoilt({ upgrade_id: OTHER_UPGRADE }) },
  {
    what: "another upgrade, foreign cutover",
    reason: "new-other-upgrade",
    watch: spoilt({ upgrade_id: OTHER_UPGRADE }),
    upgrade: cutover({ foreign: true }),
  },
  {
    what: "new one quiet",
    reason: "new-silent",
    watch: hear(until(7_500, heartbeat(OLD), heartbeat(NEW)), [heartbeat(OLD)], 8_000, 10_000),
  },
  {
    what: "soak not over",
    reason: "soaking",
    watch: hear(watchUntilNow([heartbeat(OLD)]), [heartbeat(NEW)], 5_001, 10_000),
  },
];

describe("a stop is withheld, and the reason said", () => {
  it.each(CASES)("$what: $reason", ({ reason, upgrade, watch }) => {
    const view: DecisionView = {
      upgrade: upgradeView(upgrade),
      watch: watch === undefined ? recorded(both) : watch && recorded(watch, 1),
      settings: SETTINGS,
    };
    const decision = decide(view, NOW);
    expect(decision).toMatchObject({ kind: "withhold", reason });
    expect(decision.kind === "withhold" && decision.waitingFor.length > 10).toBe(true);
    expect(decision.kind === "withhold" && Date.parse(decision.since)).toBeGreaterThan(0);
  });

  it("has a case for every reason", () => {
    expect(new Set(CASES.map(({ reason }) => reason))).toEqual(new Set(WITHHELD_REASONS));
  });

  it("says what is waited for in plain words", () => {
    const soaking = CASES.find(({ reason }) => reason === "soaking");
    expect(decide(decisionView({ watch: soaking?.watch ?? null }), NOW)).toMatchObject({
      since: at(5_001).time,
      waitingFor: "5 s of heartbeats of 0.1.2 in state running, 1 s of them still to come",
    });
  });
});

const exhausted = (stalled: boolean) =>
  decisionView({
    upgrade: upgradeView({ stops: [issuedStop(5)], stalled }),
    watch: stopRead(recorded(both, 6), 5, retryMs),
  });

describe("after the last attempt", () => {
  it("the upgrade is recorded as stalled, and no sixth stop is issued", () => {
    expect(decide(exhausted(false), NOW)).toMatchObject({
      kind: "stall",
      draft: { type: "stalled", phase: "cutover-ready", caused_by: [FIRST_STOP] },
    });
    expect(decide(exhausted(true), NOW)).toMatchObject({ kind: "withhold", reason: "attempts-exhausted" });
  });
});

// Every combination of conditions that hold or do not: the first one that fails, in this order, is the reason.
const CONDITIONS: WithheldReason[] = [
  "newer-command",
  "not-cutover-ready",
  "old-instance-unknown",
  "not-observing",
  "stop-pending",
  "old-silent",
  "too-many-instances",
  "new-missing",
  "new-wrong-version",
  "several-new",
  "new-not-running",
  "new-other-upgrade",
  "soaking",
];

function combination(failing: ReadonlySet<WithheldReason>): DecisionView {
  const fails = (reason: WithheldReason) => failing.has(reason);
  const fresh = heartbeat(NEW, {
    ...(fails("new-wrong-version") ? { current_version: Version.parse("0.1.3") } : {}),
    ...(fails("new-not-running") ? { agent_state: "staging" } : {}),
    ...(fails("new-other-upgrade") ? { upgrade_id: OTHER_UPGRADE } : {}),
  });
  const third = { ...fresh, instance_id: THIRD };
  const others = fails("new-missing") ? [] : fails("several-new") ? [fresh, third] : [fresh];
  const beats = fails("old-silent") ? others : [heartbeat(OLD), ...others];
  const heard = hear(START, beats, fails("soaking") ? 8_000 : 0, NOW.monotonicMs);
  const watch = stopRead(recorded(heard), 0, 0);
  return {
    upgrade: upgradeView({
      phase: fails("not-cutover-ready") ? "requested" : "cutover-ready",
      newerCommand: fails("newer-command") ? { ...newer, cancels: false } : null,
      stops: fails("stop-pending") ? [issuedStop(1)] : [],
      ...cutover(fails("old-instance-unknown") ? { oldInstanceId: null } : {}),
    }),
    watch: fails("not-observing") ? null : { ...watch, crowdedAt: fails("too-many-instances") ? NOW : null },
    settings: SETTINGS,
  };
}

describe(`all ${2 ** CONDITIONS.length} combinations of conditions`, () => {
  it("stop only if every one holds, else name the first that does not", () => {
    const wrong: string[] = [];
    for (let bits = 0; bits < 2 ** CONDITIONS.length; bits++) {
      const failing = new Set(CONDITIONS.filter((_, index) => bits & (1 << index)));
      const first = CONDITIONS.find((reason) => failing.has(reason) && matters(reason, failing));
      const decision = decide(combination(failing), NOW);
      const got = decision.kind === "withhold" ? decision.reason : decision.kind;
      if (got !== (first ?? "stop")) wrong.push(`${[...failing].join(" ")}: ${got}, not ${first ?? "stop"}`);
    }
    expect(wrong).toEqual([]);
  });
});

/** Without any new instance, two are none. */
function matters(reason: WithheldReason, failing: ReadonlySet<WithheldReason>): boolean {
  return reason !== "several-new" || !failing.has("new-missing");
}

it("heartbeat intervals of the scene are shorter than the soak", () => {
  expect(INTERVAL_MS).toBeLessThan(SETTINGS.soakMs);
});
