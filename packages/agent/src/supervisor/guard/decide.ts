// What the guard does when an instance has ended, or when it comes up itself. Pure: no clock, process or file.

import { EXIT } from "../../cli/exit-codes.ts";

/** How a process ended. */
export type Exit =
  | { readonly kind: "code"; readonly code: number }
  | { readonly kind: "signal"; readonly signal: string }
  /** It ended while no guard watched. */
  | { readonly kind: "unknown" }
  /** It could not even be started. */
  | { readonly kind: "unstartable"; readonly message: string };

export interface RestartPolicy {
  /** Pause before a restart. */
  readonly restartDelayMs: number;
  /** Starts allowed within {@link startLimitIntervalMs}. */
  readonly startLimitBurst: number;
  readonly startLimitIntervalMs: number;
}

export interface EndedUnit {
  /** `fleet-agent-v<version>`, as opposed to `fleet-agent`, which starts through the symlink. */
  readonly transient: boolean;
  /** Monotonic times at which it was started, oldest first. */
  readonly startsMs: readonly number[];
  readonly exit: Exit;
  /** Whether any other unit runs or is about to. */
  readonly othersAlive: boolean;
  /** How often it had failed before while on trial; `null` when it is not on trial (see trial.ts). */
  readonly trialFailures: number | null;
}

/** A new version on trial that fails so often goes back to its predecessor (spec §4, Probation). */
export const MAX_TRIAL_FAILURES = 3;

export type Action =
  /** It ended as intended. */
  | { readonly kind: "leave" }
  | { readonly kind: "restart"; readonly atMs: number }
  /** Start limit reached: it stays down. */
  | { readonly kind: "give-up" }
  /** The same, and nothing else is alive: the symlink's version is started in its place. */
  | { readonly kind: "hand-over" }
  /** It was on trial: the predecessor is started in its place. */
  | { readonly kind: "take-back" };

/** systemd's rule for `Restart=on-failure`: these signals, without a handler, end a service cleanly. */
const CLEAN_SIGNALS = new Set(["SIGHUP", "SIGINT", "SIGTERM", "SIGPIPE"]);

/**
 * `Restart=on-failure` with a start limit. The unit behind the symlink is never given up, only slowed down to one
 * start per interval: with nobody else left, a device whose trouble passes must come back by itself (G3).
 */
export function decideAfterExit(unit: EndedUnit, nowMs: number, policy: RestartPolicy): Action {
  if (!isFailure(unit.exit, unit.othersAlive)) return { kind: "leave" };
  if (unit.trialFailures !== null) {
    return unit.trialFailures + 1 >= MAX_TRIAL_FAILURES
      ? { kind: "take-back" }
      : { kind: "restart", atMs: nowMs + policy.restartDelayMs };
  }
  const recent = unit.startsMs.filter((startedMs) => startedMs > nowMs - policy.startLimitIntervalMs);
  if (recent.length < policy.startLimitBurst) return { kind: "restart", atMs: nowMs + policy.restartDelayMs };
  if (!unit.transient) return { kind: "restart", atMs: nowMs + policy.startLimitIntervalMs };
  return unit.othersAlive ? { kind: "give-up" } : { kind: "hand-over" };
}

/** What an earlier guard left on record about a unit. */
export interface RecordedUnit {
  readonly transient: boolean;
  readonly state: "running" | "restarting" | "gave-up" | "exited";
  /** Whether the recorded process still lives; only for `running`. */
  readonly alive: boolean;
}

export type BootAction =
  | { readonly kind: "adopt" }
  /** It ended while no guard watched: as after an exit that nobody saw. */
  | { readonly kind: "ended-unseen" }
  /** A restart that the earlier guard had planned. */
  | { readonly kind: "resume-restart" }
  | { readonly kind: "keep-down" }
  | { readonly kind: "start" }
  /** Transient units vanish at a reboot. */
  | { readonly kind: "forget" };

/** What a guard that comes up does with a unit on record. */
export function decideAtStart(unit: RecordedUnit, sameBoot: boolean): BootAction {
  if (!sameBoot) return unit.transient ? { kind: "forget" } : { kind: "start" };
  switch (unit.state) {
    case "running":
      return unit.alive ? { kind: "adopt" } : { kind: "ended-unseen" };
    case "restarting":
      return { kind: "resume-restart" };
    case "gave-up":
    case "exited":
      return { kind: "keep-down" };
  }
}

/** `exit 1`, `signal SIGKILL`, `unknown`: what a unit's status shows. */
export function exitText(exit: Exit): string {
  switch (exit.kind) {
    case "code":
      return `exit ${exit.code}`;
    case "signal":
      return `signal ${exit.signal}`;
    case "unknown":
      return "unknown";
    case "unstartable":
      return `not started: ${exit.message}`;
  }
}

/** Whether it ended otherwise than intended. */
export function isFailure(exit: Exit, othersAlive: boolean): boolean {
  return !isClean(exit) && !(isSuperfluous(exit) && othersAlive);
}

/** It found that another agent serves. If that is one of ours, starting this one again would find the same. */
function isSuperfluous(exit: Exit): boolean {
  return exit.kind === "code" && exit.code === EXIT.alreadyRunning;
}

function isClean(exit: Exit): boolean {
  switch (exit.kind) {
    case "code":
      return exit.code === 0;
    case "signal":
      return CLEAN_SIGNALS.has(exit.signal);
    case "unknown":
    case "unstartable":
      return false;
  }
}
