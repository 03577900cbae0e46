// What the procedure asks of the shell.
import type { Artifact, EventId, InstanceId, Version } from "@upgrade-ledger/contract";
import type { Draft } from "@upgrade-ledger/ledger";
import type { Attempts, Upgrade } from "./marker.ts";

type AgentEventType =
  | "started"
  | "draining"
  | "staging"
  | "verifying"
  | "cutover-ready"
  | "stopping"
  | "stop-refused"
  | "done"
  | "failed"
  | "reverted"
  | "superseded";

/** An event of this agent before the outbox gives it its envelope. */
export type EventDraft = Extract<Draft, { readonly type: AgentEventType }>;
type WithoutUpgrade<D> = D extends EventDraft ? Omit<D, "upgrade_id"> : never;
/** The same without the upgrade that it belongs to. */
export type EventBody = WithoutUpgrade<EventDraft>;

/**
 * The shell carries the effects of one step out strictly in order. `persist` and `publish` are over when they are
 * on the disk; one that fails is tried again, and nothing after it happens before it has succeeded. The others are
 * started in order and answer later with an input that carries their `op`.
 */
export type Effect =
  /** Write the marker (remove it when `null`), then the attempts. */
  | { readonly do: "persist"; readonly upgrade: Upgrade | null; readonly attempts: Attempts }
  /** Write the event to the outbox. With an `eventId` it is written once, however often it is asked for. */
  | { readonly do: "publish"; readonly eventId: EventId | null; readonly draft: EventDraft }
  /** Say how many reconciles are in flight, and again when none is. */
  | { readonly do: "drain"; readonly op: number }
  /** One attempt to have the version on disk; `artifact: null` means that it must be there already. */
  | {
      readonly do: "stage";
      readonly op: number;
      readonly version: Version;
      readonly artifact: Artifact | null;
    }
  | {
      readonly do: "self-test";
      readonly op: number;
      readonly path: string;
      readonly version: Version;
      readonly timeoutMs: number;
    }
  /** Put the running binary at its versioned path, so that there is something to go back to. */
  | { readonly do: "adopt"; readonly op: number }
  | { readonly do: "swap"; readonly op: number; readonly version: Version }
  | { readonly do: "start-unit"; readonly op: number; readonly version: Version }
  | { readonly do: "stop-unit"; readonly op: number; readonly unit: string }
  | { readonly do: "check-unit"; readonly op: number; readonly unit: string }
  /**
   * Try to become the driver: answer `old-gone` if the driver's lock is free or held already, `extra` if another process
   * drives and has ended the upgrade (see `entryOf`), and nothing otherwise.
   */
  | { readonly do: "check-old"; readonly instanceId: InstanceId }
  /** Ask an instance of this device on its socket what it is and whether it is connected. */
  | { readonly do: "probe"; readonly stopEventId: EventId; readonly instanceId: InstanceId }
  /** Abort whatever of drain, stage and self-test still runs. */
  | { readonly do: "cancel" }
  /** End this process with code 0, not later than the monotonic time given. */
  | { readonly do: "exit"; readonly because: "stopped" | "extra"; readonly byMs: number };
