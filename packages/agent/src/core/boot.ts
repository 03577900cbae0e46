// Where a process that has just started takes the procedure up (spec §4, Marker).
import { type BootReason, sameVersion } from "@upgrade-ledger/contract";
import { backOut, revert } from "./cutover.ts";
import type { Effect } from "./effect.ts";
import { doneWithoutStop, failure } from "./ending.ts";
import type { BootFacts } from "./input.ts";
import { remember, type TakenBack, type Upgrade } from "./marker.ts";
import { fail, startDraining } from "./prepare.ts";
import { isCutover, isDone, isNewInstance, type State } from "./state.ts";
import {
  andThen,
  at,
  cite,
  end,
  lastError,
  persist,
  publish,
  revertedEventId,
  terminal,
  type Turn,
  turn,
} from "./transition.ts";

const MAX_RESUMES = 3;

/** The first input of every process. */
export function onBoot(state: State, facts: BootFacts, nowMs: number): Turn {
  const upgrade = facts.marker?.upgrade ?? null;
  const known = facts.attempts ?? { upgrades: [], stops: [] };
  const upgrades = upgrade === null ? known.upgrades : remember(known.upgrades, upgrade.upgrade_id);
  const booted: State = {
    ...state,
    upgrade,
    attempts: { ...known, upgrades },
    memory: facts.attempts === null ? { kind: "asking" } : { kind: "known" },
    lastTickMs: nowMs,
    bootId: facts.bootId,
    history: facts.history,
  };
  const part = upgrade !== null && isCutover(upgrade) ? { upgrade_id: upgrade.upgrade_id } : {};
  const started: Effect = {
    do: "publish",
    eventId: null,
    draft: {
      type: "started",
      ...part,
      caused_by: upgrade !== null && isNewInstance(booted) ? cite(upgrade.upgrade_id) : [],
      boot_reason: bootReason(booted, facts),
      previous_version: facts.previousVersion,
    },
  };
  return andThen(turn(booted, started), (s) => resume(s, facts.linkVersion, nowMs));
}

function bootReason(state: State, facts: BootFacts): BootReason {
  const { upgrade, self } = state;
  if (facts.previousVersion === null && upgrade === null) return "install";
  const isOld = upgrade !== null && sameVersion(self.version, upgrade.from_version);
  if (isOld && (isCutover(upgrade) || isDone(upgrade))) return "revert";
  if (facts.rebooted) return "reboot";
  return isNewInstance(state) ? "cutover" : "restart";
}

/** Continues the upgrade of the marker as far as this version can: resume, revert, finish or wait. */
export function resume(state: State, linkVersion: string | null, nowMs: number): Turn {
  const { upgrade, self } = state;
  if (upgrade === null) return turn(state);
  const isOld = sameVersion(self.version, upgrade.from_version);
  if (upgrade.at.step === "ended") {
    return isOld && isDone(upgrade)
      ? undone(state, upgrade)
      : turn(state, terminal(upgrade.upgrade_id, upgrade.at.end));
  }
  if (upgrade.at.step === "probation") return resumeProbation(state, upgrade, isOld);
  if (isNewInstance(state)) return turn(state);
  if (isOld) return resumeAsOld(state, upgrade, linkVersion, nowMs);
  return resumeAsStranger(state, upgrade);
}

function resumeAsOld(state: State, upgrade: Upgrade, linkVersion: string | null, nowMs: number): Turn {
  const mine: Upgrade = { ...upgrade, old_instance: state.self.instanceId };
  const linkIsNew = linkVersion !== null && sameVersion(linkVersion, upgrade.to_version);
  switch (upgrade.at.step) {
    case "draining":
    case "staging":
    case "verifying":
      return resumePreparation(state, mine, nowMs);
    case "swapping":
      return linkIsNew || takenBack(state, upgrade) !== null
        ? interrupted(state, mine, linkIsNew)
        : resumePreparation(state, mine, nowMs);
    case "starting":
    case "cutover-ready":
    case "stopping":
      return interrupted(state, mine, linkIsNew);
    case "reverting":
      return backOut(at(state, mine, upgrade.at));
    case "ended":
    case "probation":
      return turn(state);
  }
}

function resumePreparation(state: State, upgrade: Upgrade, nowMs: number): Turn {
  const resumes = upgrade.resumes + 1;
  if (resumes > MAX_RESUMES) {
    return fail(state, upgrade, "interrupted", `The agent ended ${resumes} times before the cutover`);
  }
  return startDraining(state, { ...upgrade, resumes }, nowMs);
}

/** The old version runs although the cutover had begun. Who moved the link back, if not this agent, is the supervisor. */
function interrupted(state: State, upgrade: Upgrade, linkIsNew: boolean): Turn {
  if (linkIsNew) {
    const why = `The old agent ended in ${upgrade.at.step} and came back`;
    return revert(state, upgrade, failure(upgrade, "interrupted", why, true));
  }
  const { reason_code, last_error } = reasonOf(state, upgrade);
  return revert(state, upgrade, failure(upgrade, reason_code, last_error, true));
}

/** The supervisor's note, if it is about this upgrade. */
function takenBack({ history }: State, upgrade: Upgrade): TakenBack | null {
  return history.takenBack?.upgrade_id === upgrade.upgrade_id ? history.takenBack : null;
}

function reasonOf(state: State, upgrade: Upgrade): Pick<TakenBack, "reason_code" | "last_error"> {
  const last_error = `${upgrade.to_version} did not stay up and was taken back`;
  return takenBack(state, upgrade) ?? { reason_code: "crash_loop", last_error };
}

/** The new version's `done` was decided and not acknowledged when it was taken back: it counts if it was written. */
function undone(state: State, upgrade: Upgrade): Turn {
  if (state.history.endWritten) return reverted(state, upgrade);
  const { reason_code, last_error } = reasonOf(state, upgrade);
  const mine: Upgrade = { ...upgrade, old_instance: state.self.instanceId };
  return revert(state, mine, failure(upgrade, reason_code, last_error, true));
}

/** A version that was done has gone back. */
function reverted(state: State, upgrade: Upgrade): Turn {
  const closed: State = { ...state, upgrade: null };
  const { reason_code, last_error } = reasonOf(state, upgrade);
  return turn(
    closed,
    publish(
      upgrade.upgrade_id,
      {
        type: "reverted",
        caused_by: cite(upgrade.upgrade_id),
        from_version: upgrade.to_version,
        to_version: upgrade.from_version,
        reason_code,
        last_error: lastError(last_error),
      },
      revertedEventId(upgrade.upgrade_id),
    ),
    persist(closed),
  );
}

/** This process runs neither the old nor the new version, or the new one before any cutover: somebody started it by hand. */
function resumeAsStranger(state: State, upgrade: Upgrade): Turn {
  const { version } = state.self;
  if (sameVersion(version, upgrade.to_version)) {
    const how = `ended in ${upgrade.at.step}; ${version} was started by hand`;
    return end(state, upgrade, doneWithoutStop(upgrade, how), false);
  }
  return fail(state, upgrade, "interrupted", `${version} was started by something other than this upgrade`);
}

function resumeProbation(state: State, upgrade: Upgrade, isOld: boolean): Turn {
  if (sameVersion(state.self.version, upgrade.to_version)) return turn(state);
  if (isOld) return reverted(state, upgrade);
  const closed: State = { ...state, upgrade: null };
  return turn(closed, persist(closed));
}
