// What the operator saw: agent-observed, agent-silent, stalled (spec §3.2).
import type { EventOf } from "@upgrade-ledger/contract";
import { findInstance, instanceAppears, instanceObserved } from "./instances.ts";
import { note, citation, type Step, touch } from "./step.ts";
import { runsVersion } from "./versions.ts";

export function applyObserved(step: Step, event: EventOf<"agent-observed">): void {
  const instance = instanceAppears(step, event.instance_id, event.current_version);
  instanceObserved(step, instance, { version: event.current_version, state: event.agent_state });
  if (instance.role === "active" || instance.role === "old") runsVersion(step, event.current_version);
}

export function applySilent(step: Step, event: EventOf<"agent-silent">): void {
  const instance = findInstance(step.device, event.instance_id);
  if (instance !== undefined) instance.silent_since = event.since;
}

/** A finding about a phase that the upgrade has left meanwhile says nothing any more. */
export function applyStalled(step: Step, event: EventOf<"stalled">): void {
  const { upgrade, queued } = step.device;
  step.upgradeId = event.upgrade_id;
  if (upgrade?.upgrade_id !== event.upgrade_id) {
    if (queued?.upgrade_id !== event.upgrade_id) note(step, "late");
    return;
  }
  if (upgrade.phase !== event.phase) return;
  upgrade.stalled = { ...citation(step), phase: event.phase, since: event.since };
  touch(step, upgrade);
}
