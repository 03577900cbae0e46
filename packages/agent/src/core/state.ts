// The procedure's state: what the marker holds, and what this process knows besides.
import { type InstanceId, sameVersion } from "@upgrade-ledger/contract";
import type { Desired, History, Stop } from "./input.ts";
import type { Attempts, Upgrade } from "./marker.ts";
import type { Self, Settings } from "./settings.ts";

/** What this process knows of the step that it is in; made anew with each step. Times are monotonic milliseconds. */
export interface Watch {
  /** The work whose answer is awaited; answers of other work are late and mean nothing. */
  readonly op: number;
  readonly deadlineMs: number | null;
  /** When something is to be tried again. */
  readonly retryMs: number | null;
  /** The new version's instance whose heartbeat was seen last. */
  readonly seen: InstanceId | null;
  /** How long, with the own link up, no heartbeat of the new version has come. */
  readonly quietMs: number;
  /** When the supervisor or the old process was looked at last. */
  readonly checkedMs: number;
  /** Whether the supervisor has not answered yet. */
  readonly checking: boolean;
  /** A stop whose evidence is being asked on its socket. */
  readonly candidate: Stop | null;
}

/**
 * Whether what this device has tried is known (spec §4, Marker). `asking`: the attempts are lost and the ledger has
 * not been asked yet. `lost`: the device wrote `lastSeq` last, so it may have tried anything asked for before that.
 */
export type Memory =
  | { readonly kind: "known" }
  | { readonly kind: "asking" }
  | { readonly kind: "lost"; readonly lastSeq: number };

export interface State {
  readonly settings: Settings;
  readonly self: Self;
  readonly memory: Memory;
  readonly attempts: Attempts;
  readonly upgrade: Upgrade | null;
  readonly watch: Watch;
  /** The newest desired version that has not been taken on yet. */
  readonly queued: Desired | null;
  /** The highest ledger sequence of a `desired-version` that was read. */
  readonly desiredSeq: number;
  readonly linkUp: boolean;
  readonly bootId: string;
  readonly history: History;
  readonly lastTickMs: number;
  readonly lastOp: number;
}

const IDLE: Watch = {
  op: 0,
  deadlineMs: null,
  retryMs: null,
  seen: null,
  quietMs: 0,
  checkedMs: Number.NEGATIVE_INFINITY,
  checking: false,
  candidate: null,
};

/** The state of a process before its `boot` input. */
export function initialState(settings: Settings, self: Self): State {
  return {
    settings,
    self,
    memory: { kind: "known" },
    attempts: { upgrades: [], stops: [] },
    upgrade: null,
    watch: IDLE,
    queued: null,
    desiredSeq: 0,
    linkUp: false,
    bootId: "",
    history: { takenBack: null, endWritten: false },
    lastTickMs: 0,
    lastOp: 0,
  };
}

/** A new watch for the step that is being entered, and the operation number for the work that it starts with. */
export function freshWatch(state: State, fields: Partial<Watch> = {}): { op: number; state: State } {
  const op = state.lastOp + 1;
  return { op, state: { ...state, lastOp: op, watch: { ...IDLE, op, ...fields } } };
}

/** The next operation of the same step: the watch stays, answers to earlier work no longer count. */
export function nextOp(state: State, fields: Partial<Watch> = {}): { op: number; state: State } {
  const op = state.lastOp + 1;
  return { op, state: { ...state, lastOp: op, watch: { ...state.watch, ...fields, op } } };
}

/** Whether this process is the one that the open upgrade has started, and the old one is not known to be gone. */
export function isNewInstance(state: State): boolean {
  const { upgrade } = state;
  return upgrade !== null && isCutover(upgrade) && sameVersion(state.self.version, upgrade.to_version);
}

/** From the swap on until the end is decided: both versions may run. */
export function isCutover(upgrade: Upgrade): boolean {
  switch (upgrade.at.step) {
    case "swapping":
    case "starting":
    case "cutover-ready":
    case "stopping":
    case "reverting":
      return true;
    case "draining":
    case "staging":
    case "verifying":
    case "ended":
    case "probation":
      return false;
  }
}

/** Whether the new version serves alone: its `done` is decided, acknowledged or not. */
export function isDone(upgrade: Upgrade): boolean {
  const { at } = upgrade;
  return at.step === "probation" || (at.step === "ended" && at.cutover && at.end.type === "done");
}

/** Whether a new desired version may be taken on: no upgrade is open here. */
export function isIdle(state: State): boolean {
  const step = state.upgrade?.at.step;
  return step === undefined || step === "ended" || step === "probation";
}
