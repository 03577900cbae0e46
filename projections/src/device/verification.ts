// A `done` is a claim until the operator itself has seen that instance at that version (spec §6).
import { sameVersion } from "@upgrade-ledger/contract";
import type { EndedUpgrade, Instance } from "./document.ts";
import { findInstance, servingInstance } from "./instances.ts";
import { type Step, touch } from "./step.ts";

/** Verifies the last upgrade if it was `done` and its instance is seen at its version, before or after. Never taken back. */
export function verifyLast(step: Step): void {
  const { device } = step;
  const last = device.last_upgrade;
  if (last === null || last.outcome !== "done" || last.verified) return;
  const instance = last.done_by === null ? servingInstance(device) : findInstance(device, last.done_by);
  if (instance === undefined || !isSeenAt(instance, last)) return;
  last.verified = true;
  last.verified_by =
    instance.observed_event_id === null || instance.last_observed_seq === null
      ? null
      : { event_id: instance.observed_event_id, seq: instance.last_observed_seq };
  step.upgradeId ??= last.upgrade_id;
  touch(step, last);
}

function isSeenAt(instance: Instance, upgrade: EndedUpgrade): boolean {
  const { observed_version: version, silent_since: silentSince } = instance;
  return version !== null && silentSince === null && sameVersion(version, upgrade.to_version);
}
