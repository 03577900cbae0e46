// Which version runs, and whether anybody asked for it (spec §6, drifted and "version change nobody asked for").
import { sameVersion } from "@upgrade-ledger/contract";
import type { DeviceDocument } from "./document.ts";
import { citation, note, type Step } from "./step.ts";

/** The serving instance runs this version, as it was seen or as it says itself. */
export function runsVersion(step: Step, version: string): void {
  const { device } = step;
  if (version === "unknown") return;
  const before = device.current_version;
  device.current_version = version;
  if (before === "unknown" || sameVersion(before, version)) return;
  if (isAskedFor(device, version)) {
    device.unrequested = null;
    return;
  }
  if (step.wentBack) return;
  note(step, "unrequested_version");
  device.unrequested = { ...citation(step), version, at: step.at };
}

function isAskedFor(device: DeviceDocument, version: string): boolean {
  const { upgrade, desired_version: desired } = device;
  if (desired !== null && sameVersion(desired, version)) return true;
  if (upgrade === null) return false;
  return sameVersion(upgrade.to_version, version) || sameVersion(upgrade.from_version, version);
}
