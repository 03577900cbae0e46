// One entry on its way through the fold of a device.
import type { AnomalyKind, Cited, DeviceDocument, EndedUpgrade, OpenUpgrade } from "./document.ts";

export interface Step {
  readonly device: DeviceDocument;
  readonly seq: number;
  /** Ledger time. */
  readonly at: string;
  readonly eventId: string;
  readonly type: string;
  readonly anomalies: AnomalyKind[];
  /** Upgrades that this entry ended, in that order. */
  readonly ended: EndedUpgrade[];
  /** The upgrade that the entry belongs to. */
  upgradeId: string | null;
  /** The version that runs went back on its own. */
  wentBack: boolean;
}

export function citation(step: Step): Cited {
  return { event_id: step.eventId, seq: step.seq };
}

/** Counts an anomaly on the device and marks the entry with it. */
export function note(step: Step, kind: AnomalyKind): void {
  step.anomalies.push(kind);
  step.device.anomalies[kind] += 1;
}

/** The upgrade has been touched by this entry. */
export function touch(step: Step, upgrade: OpenUpgrade | EndedUpgrade): void {
  upgrade.updated_at = step.at;
  upgrade.updated_seq = step.seq;
}
