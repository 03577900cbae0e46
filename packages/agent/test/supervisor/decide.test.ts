import { describe, expect, it } from "vitest";
import {
  type Action,
  decideAfterExit,
  decideAtStart,
  type Exit,
  exitText,
  type RecordedUnit,
} from "../../src/supervisor/guard/decide.ts";

const policy = { restartDelayMs: 1_000, startLimitBurst: 3, startLimitIntervalMs: 60_000 };
const NOW = 1_000_000;
const failed: Exit = { kind: "code", code: 1 };
const recent = [NOW - 3_000, NOW - 2_000, NOW - 1_000];
const spread = [NOW - 60_000, NOW - 2_000, NOW - 1_000];
const soon: Action = { kind: "restart", atMs: NOW + 1_000 };
const leave: Action = { kind: "leave" };

interface Row {
  readonly what: string;
  readonly exit: Exit;
  readonly transient?: boolean;
  readonly startsMs?: readonly number[];
  readonly othersAlive?: boolean;
  readonly trialFailures?: number | null;
  readonly action: Action;
}

const rows: Row[] = [
  { what: "exit 0", exit: { kind: "code", code: 0 }, action: leave },
  { what: "exit 0 at the start limit", exit: { kind: "code", code: 0 }, startsMs: recent, action: leave },
  { what: "SIGTERM without a handler", exit: { kind: "signal", signal: "SIGTERM" }, action: leave },
  { what: "SIGHUP", exit: { kind: "signal", signal: "SIGHUP" }, action: leave },
  { what: "exit 143", exit: { kind: "code", code: 143 }, action: soon },
  { what: "exit 1", exit: failed, action: soon },
  { what: "exit 4: another agent serves, and it is ours", exit: { kind: "code", code: 4 }, action: leave },
  {
    what: "exit 4, but no other agent of ours is alive",
    exit: { kind: "code", code: 4 },
    othersAlive: false,
    action: soon,
  },
  { what: "kill -9", exit: { kind: "signal", signal: "SIGKILL" }, action: soon },
  { what: "a crash", exit: { kind: "signal", signal: "SIGSEGV" }, action: soon },
  { what: "an end that nobody saw", exit: { kind: "unknown" }, action: soon },
  { what: "a file that cannot be executed", exit: { kind: "unstartable", message: "ENOENT" }, action: soon },
  {
    what: "a start at the edge of the interval no longer counts",
    exit: failed,
    startsMs: spread,
    action: soon,
  },
  {
    what: "too many starts, another agent lives",
    exit: failed,
    startsMs: recent,
    action: { kind: "give-up" },
  },
  {
    what: "too many starts, nobody else lives",
    exit: failed,
    startsMs: recent,
    othersAlive: false,
    action: { kind: "hand-over" },
  },
  {
    what: "too many starts of the main unit: slower, never given up",
    exit: failed,
    transient: false,
    startsMs: recent,
    action: { kind: "restart", atMs: NOW + 60_000 },
  },
  { what: "on trial, the second failure", exit: failed, trialFailures: 1, action: soon },
  {
    what: "on trial, the second failure at the start limit: the trial decides",
    exit: failed,
    startsMs: recent,
    trialFailures: 1,
    action: soon,
  },
  {
    what: "on trial, the third failure",
    exit: failed,
    trialFailures: 2,
    othersAlive: false,
    action: { kind: "take-back" },
  },
  {
    what: "on trial, the third failure of the main unit",
    exit: { kind: "signal", signal: "SIGSEGV" },
    transient: false,
    trialFailures: 2,
    action: { kind: "take-back" },
  },
  {
    what: "on trial, the third end that nobody saw",
    exit: { kind: "unknown" },
    trialFailures: 2,
    action: { kind: "take-back" },
  },
  {
    what: "on trial, exit 0 after two failures",
    exit: { kind: "code", code: 0 },
    trialFailures: 2,
    action: leave,
  },
  {
    what: "on trial, exit 4 beside another process of it",
    exit: { kind: "code", code: 4 },
    trialFailures: 2,
    action: leave,
  },
];

describe("what follows an exit", () => {
  it.each(rows)(
    "$what → $action.kind",
    ({ exit, transient = true, startsMs = [NOW - 5], othersAlive = true, trialFailures = null, action }) => {
      expect(decideAfterExit({ transient, startsMs, exit, othersAlive, trialFailures }, NOW, policy)).toEqual(
        action,
      );
    },
  );
});

describe("what a guard does with a unit on record", () => {
  const states: [RecordedUnit["state"], boolean, string][] = [
    ["running", true, "adopt"],
    ["running", false, "ended-unseen"],
    ["restarting", false, "resume-restart"],
    ["gave-up", false, "keep-down"],
    ["exited", false, "keep-down"],
  ];
  it.each(states)("%s, alive %s, same boot → %s", (state, alive, kind) => {
    expect(decideAtStart({ transient: true, state, alive }, true)).toEqual({ kind });
    expect(decideAtStart({ transient: false, state, alive }, true)).toEqual({ kind });
  });
  it.each(states)(
    "%s, alive %s, after a reboot: the main unit starts, a transient one is forgotten",
    (state) => {
      expect(decideAtStart({ transient: true, state, alive: false }, false)).toEqual({ kind: "forget" });
      expect(decideAtStart({ transient: false, state, alive: false }, false)).toEqual({ kind: "start" });
    },
  );
});

it("says how something ended", () => {
  expect(exitText({ kind: "code", code: 3 })).toBe("exit 3");
  expect(exitText({ kind: "signal", signal: "SIGKILL" })).toBe("signal SIGKILL");
  expect(exitText({ kind: "unknown" })).toBe("unknown");
  expect(exitText({ kind: "unstartable", message: "ENOENT" })).toBe("not started: ENOENT");
});
