// The fold of one device: what each kind of ledger entry does to it (spec §3.2, §6).
import type { ForeignEvent, LedgerEntry, LedgerEvent } from "@upgrade-ledger/contract";
import { applyProgress } from "./agent-events.ts";
import { isRepeat } from "./chain.ts";
import { checkClock } from "./clock.ts";
import { applyDesiredVersion, applyScheduled, applyScheduleEnded, applyStop } from "./commands.ts";
import type { AnomalyKind, DeviceDocument, EndedUpgrade } from "./document.ts";
import { applyObserved, applySilent, applyStalled } from "./observed.ts";
import { applyReverted, applyStarted } from "./started.ts";
import { note, type Step } from "./step.ts";
import { verifyLast } from "./verification.ts";

/** What an entry meant for a device; the history is built from it. */
export interface Meaning {
  readonly eventId: string;
  readonly type: string;
  readonly event: LedgerEvent | ForeignEvent | null;
  readonly upgradeId: string | null;
  readonly anomalies: AnomalyKind[];
  readonly ended: readonly EndedUpgrade[];
  /** The version that runs went back on its own with this entry. */
  readonly wentBack: boolean;
}

/** Takes in one entry; `undefined` if it was taken in before, is about something else, or is not to be believed. */
export function applyToDevice(device: DeviceDocument, entry: LedgerEntry): Meaning | undefined {
  const { decoded, seq, ledgerTime } = entry;
  if (seq <= device.valid_at_seq || decoded.kind === "quarantined" || decoded.deviceId !== device.device_id) {
    return undefined;
  }
  device.valid_at_seq = seq;
  device.valid_at_time = ledgerTime;
  device.first_seen_at ??= ledgerTime;
  device.phase_since ??= ledgerTime;
  const event = decoded.kind === "event" ? decoded.event : null;
  const eventId = decoded.kind === "event" ? decoded.event.event_id : decoded.eventId;
  const type = decoded.kind === "event" ? decoded.event.type : decoded.type;
  const step: Step = {
    device,
    seq,
    at: ledgerTime,
    eventId,
    type,
    anomalies: [],
    ended: [],
    upgradeId: null,
    wentBack: false,
  };
  if (decoded.kind === "unknown") applyUnknown(step, decoded.schemaVersion);
  else applyEvent(step, decoded.event);
  step.upgradeId ??= device.upgrade?.upgrade_id ?? null;
  return {
    eventId,
    type,
    event,
    upgradeId: step.upgradeId,
    anomalies: step.anomalies,
    ended: step.ended,
    wentBack: step.wentBack,
  };
}

/** Kept, counted, and changing nothing. Its place in its writer's chain is not known to readers of this version. */
function applyUnknown(step: Step, schemaVersion: number): void {
  note(step, "unknown");
  if (schemaVersion > 0) step.device.bookkeeping.unplaced += 1;
}

function applyEvent(step: Step, event: LedgerEvent | ForeignEvent): void {
  const { device } = step;
  if (event.type === "desired-version") device.last_command_seq = step.seq;
  if (event.type === "upgrade-stop") device.last_stop_seq = step.seq;
  if (event.schema_version === 0) {
    applyProgress(step, event);
  } else {
    if (isRepeat(step, event)) {
      step.upgradeId = event.upgrade_id ?? null;
      return;
    }
    checkClock(step, event.occurred_at, requestedAt(device, event.upgrade_id));
    applyKnown(step, event);
  }
  verifyLast(step);
  followPhase(step);
}

/** An agent's event cannot have happened before its upgrade was asked for. */
function requestedAt(device: DeviceDocument, upgradeId: string | undefined): string | undefined {
  const { upgrade } = device;
  return upgrade !== null && upgrade.upgrade_id === upgradeId ? upgrade.requested_at : undefined;
}

function applyKnown(step: Step, event: LedgerEvent): void {
  switch (event.type) {
    case "desired-version":
      return applyDesiredVersion(step, event);
    case "upgrade-stop":
      return applyStop(step, event);
    case "started":
      return applyStarted(step, event);
    case "draining":
    case "staging":
    case "verifying":
    case "cutover-ready":
    case "stopping":
    case "stop-refused":
    case "done":
    case "failed":
    case "superseded":
      return applyProgress(step, event);
    case "reverted":
      return applyReverted(step, event);
    case "agent-observed":
      return applyObserved(step, event);
    case "agent-silent":
      return applySilent(step, event);
    case "stalled":
      return applyStalled(step, event);
    case "upgrade-scheduled":
      return applyScheduled(step, event);
    case "schedule-ended":
      return applyScheduleEnded(step, event);
    case "enrolled":
    case "revoked":
      step.device.enrolment = {
        state: event.type,
        public_key: event.public_key,
        at: step.at,
        seq: step.seq,
      };
      return;
    case "artifact-published":
      return;
  }
}

/** The device's phase is that of its open upgrade. */
function followPhase(step: Step): void {
  const { device } = step;
  const { upgrade, schedule } = device;
  if (upgrade !== null) {
    device.phase = upgrade.phase;
    device.phase_since = upgrade.phase_since;
  } else if (schedule !== null) {
    device.phase = "scheduled";
    device.phase_since = schedule.at;
  } else if (device.phase !== "running") {
    device.phase = "running";
    device.phase_since = step.at;
  }
}
