// The coordinator's decision (spec §5): whether the old agent of an upgrade is told to stop. Pure: all it knows is in `view` and `now`.
import type { InstanceId } from "@upgrade-ledger/contract";
import type { CutoverWatch } from "./cutover-watch.ts";
import { judgeHeartbeats } from "./judge-heartbeats.ts";
import type { Moment } from "./moment.ts";
import { elapsedMs } from "./moment.ts";
import { observationDraft, type ObserveFirst } from "./observation-draft.ts";
import type { CoordinatorSettings } from "./settings.ts";
import { type Stall, stallOf } from "./stall-draft.ts";
import { stopDraft, type StopOrder } from "./stop-draft.ts";
import type { CutoverView, StopView, UpgradeView } from "./upgrade-view.ts";
import { refusalInWords, seconds, withhold, type Withheld } from "./withheld.ts";

/** All that a decision rests on. */
export interface DecisionView {
  /** The device's open upgrade; `null` if none is open. */
  readonly upgrade: UpgradeView | null;
  /** What was received live since the cutover-ready event was read; `null` if this process does not watch the device. */
  readonly watch: CutoverWatch | null;
  readonly settings: CoordinatorSettings;
}

export type Decision =
  /** No upgrade is open. */
  | { readonly kind: "idle" }
  | Withheld
  /** All holds; the deciding heartbeat has to be in the ledger before a stop can cite it. */
  | ObserveFirst
  | StopOrder
  /** All attempts are used up: the ledger is to say so, once. */
  | Stall;

/**
 * Decides about one device. A stop is ordered only if all four conditions of spec §5 hold at `now`;
 * otherwise the answer says what is missing and since when. Conditions are looked at in the order in which an upgrade meets them.
 */
export function decide(view: DecisionView, now: Moment): Decision {
  const { upgrade, watch, settings } = view;
  if (upgrade === null) return { kind: "idle" };
  const cutover = openCutover(upgrade);
  if ("kind" in cutover) return cutover;
  if (watch === null || watch.cutoverEventId !== cutover.eventId) {
    return withhold("not-observing", cutover.at, "this operator to begin observing the device");
  }
  if (watch.newerCommandSeq > upgrade.commandSeq) {
    return withhold(
      "newer-command",
      upgrade.phaseSince,
      `this operator to read the newer command at sequence ${watch.newerCommandSeq}`,
    );
  }
  const lastStop = upgrade.stops.at(-1);
  if (lastStop !== undefined) {
    const answer = unansweredStop(lastStop, watch, settings, now);
    if (answer !== null) return answer;
    if (lastStop.attempt >= settings.maxStopAttempts) return exhausted(upgrade, lastStop, watch);
  }
  const verdict = judgeHeartbeats(upgrade, cutover, watch, settings, now);
  if (verdict.kind === "withhold") return verdict;
  const attempt = (lastStop?.attempt ?? 0) + 1;
  const { run } = verdict;
  const { recorded } = run;
  if (recorded === null || recorded.attempt !== attempt || recorded.seq <= cutover.seq) {
    return observationDraft(upgrade, cutover, run, attempt);
  }
  return stopDraft(upgrade, cutover, run, recorded, settings);
}

/** A cutover whose old instance is known. */
type NamedCutover = CutoverView & { readonly oldInstanceId: InstanceId };

/** Conditions 1 and 2, as far as the ledger answers them: the cutover that is open, with its old instance, or what is missing. */
function openCutover(upgrade: UpgradeView): NamedCutover | Withheld {
  const { newerCommand, cutover } = upgrade;
  if (newerCommand !== null) {
    return newerCommand.cancels
      ? withhold("cancelled", newerCommand.since, "the agent to take the cancelled upgrade back")
      : withhold("newer-command", newerCommand.since, "the agent to leave this upgrade for a newer command");
  }
  if (upgrade.phase === "stopping") {
    return withhold("stop-obeyed", upgrade.phaseSince, "the new agent to report done");
  }
  if (cutover === null || upgrade.phase !== "cutover-ready") {
    return withhold(
      "not-cutover-ready",
      upgrade.phaseSince,
      `cutover-ready of ${upgrade.desiredVersion} (it is ${upgrade.phase})`,
    );
  }
  const { oldInstanceId } = cutover;
  if (oldInstanceId === null) {
    return withhold(
      "old-instance-unknown",
      cutover.at,
      "a person: no heartbeat of the old agent was seen before its cutover-ready, so no stop can name it",
    );
  }
  return { ...cutover, oldInstanceId };
}

/** Condition 1: a stop without an answer is pending until its deadline and the time for retries are over; so is the pause after a refusal. */
function unansweredStop(
  stop: StopView,
  watch: CutoverWatch,
  settings: CoordinatorSettings,
  now: Moment,
): Withheld | null {
  const readAt = watch.stop?.attempt === stop.attempt ? watch.stop.readAt : now;
  const left = stop.deadlineMs + settings.stopRetryAfterMs - elapsedMs(readAt, now);
  if (left <= 0) return null;
  if (stop.refusal === null) {
    return withhold(
      "stop-pending",
      stop.at,
      `the old agent's answer to stop ${stop.attempt}, at most ${seconds(left)} more`,
    );
  }
  const why = refusalInWords(stop.refusal.reasonCode);
  return withhold(
    "stop-refused",
    stop.at,
    `${seconds(left)} to pass before another stop: the old agent refused the last one because ${why}`,
  );
}

function exhausted(upgrade: UpgradeView, lastStop: StopView, watch: CutoverWatch): Withheld | Stall {
  if (!upgrade.stalled && !watch.stallNoted)
    return stallOf(upgrade, [lastStop.refusal?.eventId ?? lastStop.eventId]);
  return withhold("attempts-exhausted", lastStop.at, `a person: ${lastStop.attempt} stops were not obeyed`);
}
