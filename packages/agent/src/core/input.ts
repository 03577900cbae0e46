// What the shell tells the procedure. All times, identities and random numbers come in here.
import type {
  AgentState,
  Artifact,
  EventId,
  FailureCode,
  InstanceId,
  UpgradeId,
  Version,
} from "@upgrade-ledger/contract";
import type { Attempts, Ending, Marker, Symlink, TakenBack } from "./marker.ts";

/** A `desired-version` command as read from the ledger. */
export interface Desired {
  /** Its ledger sequence. */
  readonly seq: number;
  readonly eventId: EventId;
  /** The upgrade that it opens, or the one that it cancels. */
  readonly upgradeId: UpgradeId;
  /** `null` cancels. */
  readonly version: Version | null;
  readonly artifact: Artifact | null;
}

/** An `upgrade-stop` command as read from the ledger. */
export interface Stop {
  readonly seq: number;
  readonly eventId: EventId;
  readonly upgradeId: UpgradeId;
  readonly stopInstanceId: InstanceId;
  readonly deadlineMs: number;
  readonly evidenceInstanceId: InstanceId;
  /** Monotonic time at which it was heard live on the present connection; `null` when it was found by catching up. */
  readonly heardMs: number | null;
}

/** What is known of the device when a process starts. */
export interface BootFacts {
  readonly marker: Marker | null;
  /** `null` when the file is missing or unreadable: what has been tried is not known. */
  readonly attempts: Attempts | null;
  /** The version that the link points to; `null` when there is no link to one of our versions. */
  readonly linkVersion: string | null;
  /** The version that ran on this device before this process; `null` on its first start. */
  readonly previousVersion: Version | null;
  /** Whether the machine has booted since the last start of an agent. */
  readonly rebooted: boolean;
  /** This boot of the machine. */
  readonly bootId: string;
  readonly history: History;
}

/** What others have done about the open upgrade. */
export interface History {
  /** The supervisor's note, of whichever upgrade. */
  readonly takenBack: TakenBack | null;
  /** Whether the terminal event of the marker's upgrade is in the outbox, or was. */
  readonly endWritten: boolean;
}

/** What the device itself wrote to the ledger last. */
export interface OwnLast {
  readonly seq: number;
  readonly upgradeId: UpgradeId | null;
  readonly terminal: boolean;
}

/** What an instance answers on its local socket. */
export interface ProbeAnswer {
  readonly version: string;
  readonly agentState: AgentState;
  readonly connected: boolean;
}

export type WorkResult =
  /** The drain has begun, with so many reconciles in flight. */
  | { readonly of: "drain-begun"; readonly inFlight: number }
  | { readonly of: "drain" }
  | { readonly of: "stage"; readonly path: string; readonly sha256: string; readonly keyId: string | null }
  | { readonly of: "self-test" }
  | { readonly of: "adopt" }
  | { readonly of: "swap"; readonly symlink: Symlink }
  | { readonly of: "start-unit"; readonly unit: string }
  | { readonly of: "stop-unit" }
  /** The supervisor no longer keeps the unit alive, or it does. */
  | { readonly of: "check-unit"; readonly ended: boolean; readonly detail: string };

/** Wall-clock and monotonic time, milliseconds. */
export interface Moment {
  readonly wallMs: number;
  readonly monoMs: number;
}

export type Happening =
  | { readonly kind: "boot"; readonly facts: BootFacts }
  | { readonly kind: "tick" }
  | { readonly kind: "link"; readonly up: boolean }
  | { readonly kind: "desired"; readonly desired: Desired }
  | { readonly kind: "stop"; readonly stop: Stop }
  /** Comes once after boot when the attempts were not readable. */
  | { readonly kind: "own-last"; readonly last: OwnLast | null }
  | {
      readonly kind: "heartbeat";
      readonly instanceId: InstanceId;
      readonly version: string;
      readonly agentState: AgentState | null;
      readonly upgradeId: UpgradeId | null;
    }
  | { readonly kind: "worked"; readonly op: number; readonly result: WorkResult }
  | {
      readonly kind: "broke";
      readonly op: number;
      readonly code: FailureCode;
      readonly message: string;
      readonly retryable: boolean;
      /** In [0, 1): the jitter of the next attempt. */
      readonly random: number;
    }
  | {
      readonly kind: "old-gone";
      readonly instanceId: InstanceId;
      /** Marker and attempts as they stand now that their writer is gone. */
      readonly marker: Marker | null;
      readonly attempts: Attempts | null;
      readonly linkVersion: string | null;
      readonly tail: Extract<Ending, { type: "done" }>["old_instance"];
    }
  /** Another process drives this device, and the cutover in which this one was the new instance is over. */
  | { readonly kind: "extra" }
  | { readonly kind: "probed"; readonly stopEventId: EventId; readonly answer: ProbeAnswer | null }
  /** The broker has acknowledged the event. */
  | { readonly kind: "acknowledged"; readonly eventId: EventId };

export type Input = Happening & { readonly at: Moment };
