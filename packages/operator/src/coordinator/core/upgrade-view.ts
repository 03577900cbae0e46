// What the ledger says about a device's open upgrade, as far as the coordinator needs it.
import type {
  DeviceId,
  EventId,
  EventRef,
  InstanceId,
  UpgradeId,
  UpgradePhase,
  Version,
} from "@upgrade-ledger/contract";

export interface UpgradeView {
  readonly deviceId: DeviceId;
  readonly upgradeId: UpgradeId;
  readonly desiredVersion: Version;
  /** Ledger sequence of the device's last `desired-version` event that was read: of the one that asked for it, or of a repeat of it. */
  readonly commandSeq: number;
  /** A newer `desired-version` event that was read: of another upgrade, or one that cancels this one. */
  readonly newerCommand: { readonly cancels: boolean; readonly since: string } | null;
  readonly phase: UpgradePhase;
  /** Ledger time. */
  readonly phaseSince: string;
  readonly cutover: CutoverView | null;
  /** Stops that are stored for this upgrade, in ledger order. */
  readonly stops: readonly StopView[];
  /** Whether the ledger already says that it is stalled in this phase. */
  readonly stalled: boolean;
  /** The latest `agent-observed` of each instance that the device is known to have. */
  readonly observations: ReadonlyMap<InstanceId, EventRef>;
}

export interface CutoverView {
  readonly eventId: EventRef;
  readonly seq: number;
  /** Ledger time. */
  readonly at: string;
  /** The old instance, which wrote it; `null` if a foreign agent wrote it and nobody had seen its heartbeats. */
  readonly oldInstanceId: InstanceId | null;
  /** Written by an agent that knows only the ADR (spec §3.2): its heartbeats carry no upgrade id. */
  readonly foreign: boolean;
}

export interface StopView {
  readonly eventId: EventId;
  readonly attempt: number;
  /** Ledger time. */
  readonly at: string;
  readonly deadlineMs: number;
  readonly refusal: { readonly eventId: EventRef; readonly reasonCode: string } | null;
}
