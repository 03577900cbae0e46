// Delivering what the outbox holds: one publish in flight, removed when acknowledged (spec §3.1, §4).
import { rename } from "node:fs/promises";
import { join } from "node:path";
import { EventId, HEADERS } from "@upgrade-ledger/contract";
import type { AppendOutcome, EncodedEvent } from "@upgrade-ledger/ledger";
import type { FileLock } from "../lock/file-lock.ts";
import { tryLock } from "../lock/file-lock.ts";
import type { Outbox } from "./outbox.ts";
import type { Spool, SpooledEvent } from "./spool.ts";

export interface DeliverOptions {
  readonly outbox: Outbox;
  readonly subject: string;
  /** The `Ledger-Signature` of an event's bytes, by the device's key; default: unsigned. */
  readonly sign?: (data: Uint8Array) => string;
  /** Publishes; throws when the broker did not answer. */
  readonly append: (event: EncodedEvent) => Promise<AppendOutcome>;
  /** Publishes all or nothing; answers whether they are stored, and throws when the broker did not answer. */
  readonly appendBatch: (events: readonly EncodedEvent[]) => Promise<boolean>;
  readonly onAcknowledged: (eventId: EventId) => void;
  readonly log: { warn(fields: object, message: string): void };
  /** Pause after a failure. Default 1,000. */
  readonly retryMs?: number;
}

/** From how many events on a backlog goes out in batches, and how large one may be. */
const BATCH = { fromEvents: 100, maxEvents: 1_000, maxBytes: 4 * 1024 * 1024 };

/** How the broker answered one event, as far as the outbox is concerned. */
type Fate = "delivered" | "try-again" | "refused-for-good";

export class Deliverer {
  readonly #options: DeliverOptions;
  /** Locks on the spools of dead instances, kept so that nobody else delivers from them. */
  readonly #adopted = new Map<string, FileLock>();
  #enabled = false;
  #running = false;
  #wanted = false;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: DeliverOptions) {
    this.#options = options;
    options.outbox.onAppended = () => this.kick();
  }

  /** From now on there is a broker to deliver to, or there is none. */
  setEnabled(enabled: boolean): void {
    this.#enabled = enabled;
    this.kick();
  }

  /** There may be something to deliver. */
  kick(): void {
    this.#wanted = true;
    if (this.#running || !this.#enabled || this.#closed) return;
    clearTimeout(this.#timer);
    this.#running = true;
    void this.#run();
  }

  /** Whether everything of this instance has been acknowledged. */
  async isEmpty(): Promise<boolean> {
    return !this.#running && (await this.#options.outbox.own.pending()).length === 0;
  }

  /** Ends deliveries; what is left is delivered by the next agent. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  async #run(): Promise<void> {
    let ok = true;
    try {
      while (this.#wanted && this.#enabled && !this.#closed && ok) {
        this.#wanted = false;
        ok = (await this.#deadOnesFirst()) && (await this.#deliver(this.#options.outbox.own));
      }
    } catch (error) {
      ok = false;
      this.#options.log.warn({ error: String(error) }, "the outbox cannot be delivered for the moment");
    }
    this.#running = false;
    if (!ok && !this.#closed) this.#timer = setTimeout(() => this.kick(), this.#options.retryMs ?? 1_000);
    else if (this.#wanted && this.#enabled) this.kick();
  }

  /** What dead instances left was written earlier, so it goes first. */
  async #deadOnesFirst(): Promise<boolean> {
    for (const spool of await this.#options.outbox.others()) {
      if (!this.#adopted.has(spool.folder)) {
        const lock = await tryLock(join(spool.folder, "lock"));
        if (lock === null) continue;
        this.#adopted.set(spool.folder, lock);
      }
      if (!(await this.#deliver(spool))) return false;
    }
    return true;
  }

  /** The events of one spool in order: a backlog in batches, and one by one what is left or a batch was refused for. */
  async #deliver(spool: Spool): Promise<boolean> {
    const sequences = await spool.pending();
    while (sequences.length > 0) {
      if (!this.#enabled || this.#closed) return true;
      const events = await readSome(spool, sequences);
      if (events.length >= BATCH.fromEvents && (await this.#publishBatch(spool, events))) continue;
      for (const event of events) {
        if (!this.#enabled || this.#closed) return true;
        if (!(await this.#publish(spool, event))) return false;
      }
    }
    return true;
  }

  async #publishBatch(spool: Spool, events: readonly SpooledEvent[]): Promise<boolean> {
    const { appendBatch, outbox, onAcknowledged } = this.#options;
    if (!(await appendBatch(events.map((event) => this.#encoded(event))))) return false;
    for (const { eventId } of events) if (isDerived(eventId)) await outbox.noteWritten(eventId);
    await spool.removeAll(events.map(({ sequence }) => sequence));
    for (const { eventId } of events) onAcknowledged(EventId.parse(eventId));
    return true;
  }

  /** Signed, alone and in a batch. */
  #encoded({ eventId, data }: SpooledEvent): EncodedEvent {
    const { subject, sign } = this.#options;
    const headers = sign === undefined ? undefined : { [HEADERS.signature]: sign(data) };
    return { eventId, subject, data, headers };
  }

  async #publish(spool: Spool, event: SpooledEvent): Promise<boolean> {
    const { append, log, outbox, onAcknowledged } = this.#options;
    const outcome = await append(this.#encoded(event));
    switch (fateOf(outcome)) {
      case "delivered":
        if (isDerived(event.eventId)) await outbox.noteWritten(event.eventId);
        await spool.remove(event.sequence);
        onAcknowledged(EventId.parse(event.eventId));
        return true;
      case "try-again":
        log.warn({ event_id: event.eventId, outcome }, "the broker does not take the event yet");
        return false;
      case "refused-for-good": {
        const name = `${String(event.sequence).padStart(10, "0")}.json`;
        log.warn(
          { event_id: event.eventId, outcome },
          "the broker will never take the event; it is set aside",
        );
        await rename(join(spool.folder, name), join(spool.folder, `${name}.refused`));
        return true;
      }
    }
  }
}

/** Reads the next events, as many as fit into one batch, and takes them off the list. */
async function readSome(spool: Spool, sequences: number[]): Promise<SpooledEvent[]> {
  const events: SpooledEvent[] = [];
  let bytes = 0;
  while (events.length < BATCH.maxEvents && bytes < BATCH.maxBytes) {
    const sequence = sequences.shift();
    if (sequence === undefined) break;
    const event = await spool.read(sequence);
    if (event === undefined) continue;
    events.push(event);
    bytes += event.data.length;
  }
  return events;
}

function fateOf(outcome: AppendOutcome): Fate {
  switch (outcome.kind) {
    case "stored":
    case "already-stored":
    // Another process of this device has said the same under the same derived id.
    case "id-taken":
      return "delivered";
    case "conflict":
      return "try-again";
    case "refused":
      return outcome.code === "too_large" || outcome.code === "invalid" ? "refused-for-good" : "try-again";
  }
}

/** UUIDv8: an id made from content, which may be asked for again. */
function isDerived(eventId: string): boolean {
  return eventId.charAt(14) === "8";
}
