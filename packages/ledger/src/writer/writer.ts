// Appending events of one program instance: envelope, numbers, hashes, and one publish in flight per device.
import { type DeviceId, type EventId, HEADERS } from "@upgrade-ledger/contract";
import type { AppendOutcome, Expectation } from "../append/outcome.ts";
import { InvalidEventError } from "../encode.ts";
import { LedgerForbiddenError } from "../errors.ts";
import { newEventId } from "../identifiers.ts";
import type { Ledger } from "../ledger.ts";
import { Chain, type SealedEvent, type WriterIdentity } from "./chain.ts";
import type { Draft } from "./draft.ts";

export interface WriterOptions extends WriterIdentity {
  readonly ledger: Ledger;
  /** The writer's clock; default: the system's. */
  readonly now?: () => Date;
  /** Makes event ids; default: {@link newEventId}. */
  readonly newId?: () => EventId;
  /** The `Ledger-Signature` of the published bytes (spec §3.2); default: unsigned. */
  readonly sign?: (data: Uint8Array) => string;
}

export interface WriteOptions {
  readonly expect?: Expectation | undefined;
  /** For a retry, or an id derived from content; default: a fresh one. */
  readonly eventId?: EventId | undefined;
}

/** An append's outcome, with the event as it was published where it is stored. */
export type WriteOutcome = AppendOutcome & { readonly eventId: EventId };

export interface LedgerWriter {
  /**
   * Appends one event about a device (`undefined`: about none). Appends about one device go out one after the other, in
   * the order of the calls; those about different devices do not wait for each other. A refused append uses up no number.
   *
   * @throws LedgerUnavailableError when no acknowledgement came: the event may or may not be stored. Calling again with
   * its `eventId` publishes the very same bytes; a call with another event first finds out by reading what became of it.
   */
  append(deviceId: DeviceId | undefined, draft: Draft, options?: WriteOptions): Promise<WriteOutcome>;
}

/** A published event whose acknowledgement is missing. */
interface Unconfirmed {
  readonly sealed: SealedEvent;
  readonly expect: Expectation | undefined;
}

interface DeviceChain {
  readonly chain: Chain;
  /** An unconfirmed event can only be stored after this sequence; `undefined` where this connection may not read. */
  floor: number | undefined;
  unconfirmed: Unconfirmed | undefined;
  /** The append in flight, and those queued behind it. */
  tail: Promise<unknown> | undefined;
}

/** A writer for one instance. Keep one per process: its numbers live in memory. */
export function createWriter(options: WriterOptions): LedgerWriter {
  const writer = new Writer(options);
  return { append: (deviceId, draft, write = {}) => writer.append(deviceId, draft, write) };
}

class Writer {
  readonly #options: WriterOptions;
  readonly #now: () => Date;
  readonly #newId: () => EventId;
  readonly #chains = new Map<DeviceId | undefined, DeviceChain>();
  #floorAtStart: Promise<number | undefined> | undefined;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => new Date());
    this.#newId = options.newId ?? newEventId;
  }

  append(deviceId: DeviceId | undefined, draft: Draft, write: WriteOptions): Promise<WriteOutcome> {
    const device = this.#chainOf(deviceId);
    const before = device.tail ?? Promise.resolve();
    const outcome = before.then(() => this.#appendNext(device, draft, write));
    const tail = settled(outcome).finally(() => {
      if (device.tail === tail) device.tail = undefined;
    });
    device.tail = tail;
    return outcome;
  }

  #chainOf(deviceId: DeviceId | undefined): DeviceChain {
    const known = this.#chains.get(deviceId);
    if (known !== undefined) return known;
    const chain = new Chain(this.#options, deviceId);
    const made: DeviceChain = { chain, floor: undefined, unconfirmed: undefined, tail: undefined };
    this.#chains.set(deviceId, made);
    return made;
  }

  async #appendNext(device: DeviceChain, draft: Draft, write: WriteOptions): Promise<WriteOutcome> {
    const eventId = write.eventId ?? this.#newId();
    const earlier = device.unconfirmed;
    if (earlier?.sealed.eventId === eventId) return this.#publish(device, earlier);
    if (earlier !== undefined) await this.#clearUp(device, earlier);
    device.floor ??= await this.#findFloor();
    try {
      const sealed = device.chain.next(draft, { eventId, occurredAt: this.#now().toISOString() });
      return await this.#publish(device, { sealed, expect: write.expect });
    } catch (error) {
      if (!(error instanceof InvalidEventError)) throw error;
      return { kind: "refused", code: error.code, detail: error.message, eventId };
    }
  }

  async #publish(device: DeviceChain, event: Unconfirmed): Promise<WriteOutcome> {
    device.unconfirmed = event;
    const outcome = await this.#options.ledger.appendEncoded(this.#encoded(event));
    device.unconfirmed = undefined;
    if (outcome.kind === "stored" || outcome.kind === "already-stored") {
      commit(device, event, outcome.seq);
    }
    return { ...outcome, eventId: event.sealed.eventId };
  }

  /**
   * Settles whether an unconfirmed event is stored before its number is given to another. It is looked up, not published
   * again: what was right to say then (a stop) may be wrong now. Only a connection that may not read repeats it.
   */
  async #clearUp(device: DeviceChain, event: Unconfirmed): Promise<void> {
    if (device.floor === undefined) {
      await this.#publish(device, event);
      return;
    }
    const seq = await this.#options.ledger.find(this.#encoded(event), device.floor);
    device.unconfirmed = undefined;
    if (seq !== undefined) commit(device, event, seq);
  }

  /** The ledger's head before this instance wrote anything, asked once. */
  async #findFloor(): Promise<number | undefined> {
    this.#floorAtStart ??= this.#options.ledger.head().then(
      (head) => head.lastSeq,
      (error: unknown) => {
        if (error instanceof LedgerForbiddenError) return undefined;
        this.#floorAtStart = undefined;
        throw error;
      },
    );
    return this.#floorAtStart;
  }

  #encoded({ sealed, expect }: Unconfirmed) {
    const { sign } = this.#options;
    const headers = sign === undefined ? undefined : { [HEADERS.signature]: sign(sealed.data) };
    return { eventId: sealed.eventId, subject: sealed.subject, data: sealed.data, expect, headers };
  }
}

/** Resolves when the promise has settled, either way. */
async function settled(promise: Promise<unknown>): Promise<void> {
  await Promise.allSettled([promise]);
}

function commit(device: DeviceChain, event: Unconfirmed, seq: number): void {
  device.chain.commit(event.sealed);
  if (device.floor !== undefined) device.floor = Math.max(device.floor, seq);
}
