// What an open upgrade waits for, in plain words (spec §6, `waiting_for`).
import type { UpgradeCommon } from "../device/document.ts";
import { DEFAULT_TIMINGS, type TimingSettings } from "./live.ts";

/** Completes the sentence "it waits for …". */
export function waitingFor(
  upgrade: UpgradeCommon,
  timings: Pick<TimingSettings, "soakMs"> = DEFAULT_TIMINGS,
): string {
  if (upgrade.cancel !== null && upgrade.phase !== "stopping") return "the agent to confirm the cancellation";
  const version = upgrade.to_version;
  switch (upgrade.phase) {
    case "scheduled":
      return "its time to come";
    case "requested":
      return "the agent to take it up";
    case "draining":
      return "running reconciles on the device to finish";
    case "staging":
      return upgrade.last_error === null
        ? `${version} to be fetched and checked`
        : `the next try to fetch ${version}`;
    case "verifying":
      return `the self-test of ${version}`;
    case "cutover-ready":
      return waitingInCutover(upgrade, timings.soakMs);
    case "stopping":
      return `the old agent to exit and ${version} to report done`;
  }
}

function waitingInCutover(upgrade: UpgradeCommon, soakMs: number): string {
  const heartbeats = `${soakMs / 1000} s of heartbeats of ${upgrade.to_version} in state running`;
  const stop = upgrade.stops.at(-1);
  if (stop === undefined) return heartbeats;
  if (stop.refused === null) return "the old agent to obey the stop signal";
  return `${heartbeats}, since the old agent refused the last stop (${stop.refused.reason_code})`;
}
