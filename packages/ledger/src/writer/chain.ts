// The chain of one instance's events about one device (spec §3.2, Chain). Pure: no clock, no network.
import {
  type DeviceId,
  type EventId,
  type InstanceId,
  type LedgerEvent,
  SCHEMA_VERSION,
  subjectOf,
  type WriterRole,
} from "@upgrade-ledger/contract";
import { chainHash, encodeCandidate } from "../encode.ts";
import type { Draft } from "./draft.ts";

/** Who writes. */
export interface WriterIdentity {
  readonly role: WriterRole;
  readonly instanceId: InstanceId;
  /** SemVer of the writing program. */
  readonly version: string;
}

/** How far a chain has come: the last committed event's number, and the hash that the next one carries. */
export interface ChainState {
  readonly sequence: number;
  readonly prevHash: string | null;
}

/** An event with its place in the chain, encoded: these bytes are what is stored, however often they are published. */
export interface SealedEvent {
  readonly event: LedgerEvent;
  readonly eventId: EventId;
  readonly subject: string;
  readonly data: Uint8Array;
  readonly sequence: number;
  /** What the next event's `prev_hash` will be. */
  readonly hash: `sha256:${string}`;
}

export interface SealOptions {
  readonly eventId: EventId;
  /** The writer's clock, RFC 3339 UTC with milliseconds. */
  readonly occurredAt: string;
}

/**
 * One instance's chain about one device (`undefined`: about none). {@link next} seals a draft without using up its
 * number; {@link commit} does that, once the event is stored (or safely on its way: in an outbox on disk).
 */
export class Chain {
  readonly #writer: WriterIdentity;
  readonly #deviceId: DeviceId | undefined;
  #state: ChainState;

  /** @param state where to go on; for an agent's first event, sequence 0 and the hash of the device's last event, if known */
  constructor(
    writer: WriterIdentity,
    deviceId: DeviceId | undefined,
    state: ChainState = { sequence: 0, prevHash: null },
  ) {
    this.#writer = writer;
    this.#deviceId = deviceId;
    this.#state = state;
  }

  get state(): ChainState {
    return this.#state;
  }

  /** The draft as the chain's next event. Calling it again gives the same number. @throws InvalidEventError */
  next(draft: Draft, options: SealOptions): SealedEvent {
    const sequence = this.#state.sequence + 1;
    const { role, instanceId, version } = this.#writer;
    const { event, data } = encodeCandidate(draft.type, {
      ...draft,
      ...(opensUpgrade(draft) ? { upgrade_id: options.eventId } : {}),
      schema_version: SCHEMA_VERSION,
      event_id: options.eventId,
      device_id: this.#deviceId,
      occurred_at: options.occurredAt,
      writer: { role, instance_id: instanceId, version, sequence, prev_hash: this.#state.prevHash },
    });
    const subject = subjectOf(event);
    return { event, eventId: options.eventId, subject, data, sequence, hash: chainHash(data) };
  }

  /** Uses up the sealed event's number. @throws Error if another event has used it meanwhile */
  commit(sealed: SealedEvent): void {
    if (sealed.sequence !== this.#state.sequence + 1) {
      throw new Error(
        `Event ${sealed.eventId} has number ${sealed.sequence}, but the chain is at ${this.#state.sequence}`,
      );
    }
    this.#state = { sequence: sealed.sequence, prevHash: sealed.hash };
  }
}

function opensUpgrade(draft: Draft): boolean {
  return draft.type === "desired-version" && draft.upgrade_id === undefined && draft.desired_version !== null;
}
