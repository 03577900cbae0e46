// Opening, ending and lining up the upgrades of a device (spec §3.2, §6).
import type { EventOf, Outcome, UpgradePhase } from "@upgrade-ledger/contract";
import { keepLatest, MAX_RECENT_UPGRADES } from "./bounds.ts";
import type { Cited, OpenUpgrade } from "./document.ts";
import { citation, type Step, touch } from "./step.ts";

/** A newer desired version: it ends what no agent has taken up, and lines up behind what one has. */
export function openUpgrade(step: Step, event: EventOf<"desired-version">, version: string): void {
  const { device } = step;
  const next = requested(step, event, version);
  device.desired_version = version;
  step.upgradeId = next.upgrade_id;
  const recent = device.bookkeeping.recent_upgrade_ids;
  recent.push(next.upgrade_id);
  keepLatest(recent, MAX_RECENT_UPGRADES);
  const { upgrade, queued } = device;
  if (upgrade === null) {
    device.upgrade = next;
  } else if (upgrade.agent_events === 0) {
    endUpgrade(step, upgrade, "superseded");
    device.upgrade = next;
  } else {
    if (queued !== null) endUpgrade(step, queued, "superseded");
    device.queued = next;
  }
}

function requested(step: Step, event: EventOf<"desired-version">, version: string): OpenUpgrade {
  return {
    upgrade_id: event.event_id,
    from_version: step.device.current_version,
    to_version: version,
    phase: "requested",
    phase_since: step.at,
    requested_at: step.at,
    requested_seq: step.seq,
    requested_by: event.actor,
    reason: event.reason,
    last_error: null,
    reason_code: null,
    stop_event_id: null,
    agent_events: 0,
    updated_at: step.at,
    updated_seq: step.seq,
    cutover_ready: null,
    stops: [],
    stalled: null,
    cancel: null,
  };
}

/** Ends an open or queued upgrade with this entry; what was lined up behind it takes its place. */
export function endUpgrade(
  step: Step,
  upgrade: OpenUpgrade,
  outcome: Outcome,
  doneBy: string | null = null,
): void {
  const { device } = step;
  touch(step, upgrade);
  upgrade.stalled = null;
  const ended = {
    ...upgrade,
    outcome,
    completed_at: step.at,
    ended_by: { ...citation(step), type: step.type },
    done_by: doneBy,
    verified: false,
    verified_by: null,
    reverted: null,
  };
  device.last_upgrade = ended;
  step.ended.push(ended);
  if (device.queued?.upgrade_id === upgrade.upgrade_id) {
    device.queued = null;
    return;
  }
  const next = device.queued;
  device.upgrade = next;
  device.queued = null;
  if (next !== null) {
    next.from_version = device.current_version;
    next.phase_since = step.at;
    touch(step, next);
  }
}

/** The upgrade is in this phase now; phases may come in any order. Any sign of progress ends a stall. */
export function enterPhase(step: Step, upgrade: OpenUpgrade, phase: UpgradePhase): void {
  if (upgrade.phase !== phase) {
    upgrade.phase = phase;
    upgrade.phase_since = step.at;
  }
  upgrade.stalled = null;
}

/** Somebody wants the upgrade cancelled: at once if no agent has taken it up, otherwise when the agent says so. */
export function cancelUpgrade(step: Step, upgradeId: string): "cancelled" | "asked" | "not-open" {
  const { device } = step;
  const target = [device.queued, device.upgrade].find((open) => open?.upgrade_id === upgradeId) ?? null;
  const newest = device.queued ?? device.upgrade ?? device.last_upgrade;
  if (newest?.upgrade_id === upgradeId) device.desired_version = null;
  if (target === null) return "not-open";
  if (target.agent_events === 0) {
    endUpgrade(step, target, "cancelled");
    return "cancelled";
  }
  const cite: Cited = citation(step);
  target.cancel = cite;
  touch(step, target);
  return "asked";
}
