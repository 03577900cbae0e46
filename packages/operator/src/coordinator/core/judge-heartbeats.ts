// Conditions 2 and 3 of spec §5, as far as live heartbeats answer them.
import { sameVersion, type Version } from "@upgrade-ledger/contract";
import { type CutoverWatch, isCrowded } from "./cutover-watch.ts";
import { type HeartbeatRun, isBroken, lengthMs } from "./heartbeat-run.ts";
import { elapsedMs, type Moment } from "./moment.ts";
import type { CoordinatorSettings } from "./settings.ts";
import type { CutoverView, UpgradeView } from "./upgrade-view.ts";
import { seconds, withhold, type Withheld } from "./withheld.ts";

/** After this many of its intervals without a heartbeat an instance no longer counts as one of several. */
const GONE_AFTER_INTERVALS = 3;

/** A run whose heartbeats say that the agent runs, and which version. */
export type RunningRun = HeartbeatRun & { readonly version: Version; readonly state: "running" };

type Verdict = Withheld | { readonly kind: "seen-running"; readonly run: RunningRun };

/** Whether the old instance lives, and exactly one other has been seen running the desired version for the soak time. */
export function judgeHeartbeats(
  upgrade: UpgradeView,
  cutover: CutoverView,
  watch: CutoverWatch,
  settings: CoordinatorSettings,
  now: Moment,
): Verdict {
  const runs = [...watch.runs.values()];
  const old = runs.find((run) => run.instanceId === cutover.oldInstanceId);
  if (old === undefined || isBroken(old, now)) {
    const since = old?.last ?? watch.openedAt;
    return withhold("old-silent", since.time, "heartbeats of the old agent");
  }
  if (isCrowded(watch, now)) {
    return withhold(
      "too-many-instances",
      watch.openedAt.time,
      "fewer instances to send heartbeats for this device",
    );
  }
  const others = runs.filter((run) => run !== old && !isGone(run, now));
  const wanted = `heartbeats of ${upgrade.desiredVersion}`;
  const [other] = others;
  if (other === undefined) return withhold("new-missing", lastSign(runs, old, watch).time, wanted);
  const [candidate, second] = others.filter((run) => sameVersion(run.version, upgrade.desiredVersion));
  if (candidate === undefined) {
    return withhold(
      "new-wrong-version",
      other.first.time,
      `${wanted}: the other instance runs ${other.version}`,
    );
  }
  if (second !== undefined) {
    return withhold(
      "several-new",
      second.first.time,
      `exactly one new instance of ${upgrade.desiredVersion}: several send heartbeats`,
    );
  }
  return judgeCandidate(upgrade, cutover, candidate, settings, now);
}

function judgeCandidate(
  upgrade: UpgradeView,
  cutover: CutoverView,
  run: HeartbeatRun,
  settings: CoordinatorSettings,
  now: Moment,
): Verdict {
  const wanted = `${seconds(settings.soakMs)} of heartbeats of ${upgrade.desiredVersion} in state running`;
  const { version, state } = run;
  if (state !== "running" || version === "unknown") {
    const detail = `it is ${state ?? "in a state that it does not tell"}`;
    return withhold("new-not-running", run.first.time, `${wanted}: ${detail}`);
  }
  if (!namesUpgrade(run, upgrade, cutover)) {
    const named = run.upgradeId === null ? "name no upgrade" : `name upgrade ${run.upgradeId}`;
    return withhold("new-other-upgrade", run.first.time, `${wanted} for this upgrade: they ${named}`);
  }
  if (isBroken(run, now)) return withhold("new-silent", run.last.time, `${wanted}: none has come lately`);
  const missing = settings.soakMs - lengthMs(run);
  if (missing > 0) {
    return withhold("soaking", run.first.time, `${wanted}, ${seconds(missing)} of them still to come`);
  }
  return { kind: "seen-running", run: { ...run, version, state } };
}

/** Our agents name the upgrade. One that knows only the ADR can't: that is accepted only where such a one wrote the cutover-ready too. */
function namesUpgrade(
  heartbeat: Pick<HeartbeatRun, "upgradeId">,
  upgrade: UpgradeView,
  cutover: CutoverView,
): boolean {
  return heartbeat.upgradeId === upgrade.upgradeId || (heartbeat.upgradeId === null && cutover.foreign);
}

function isGone(run: HeartbeatRun, now: Moment): boolean {
  return elapsedMs(run.last, now) > GONE_AFTER_INTERVALS * run.intervalMs;
}

function lastSign(runs: readonly HeartbeatRun[], old: HeartbeatRun, watch: CutoverWatch): Moment {
  return runs.reduce(
    (latest, run) => (run !== old && elapsedMs(latest, run.last) > 0 ? run.last : latest),
    watch.openedAt,
  );
}
