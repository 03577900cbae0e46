// The ledger as its users see it: append, read, follow.
import type { NatsConnection } from "@nats-io/transport-node";
import type { LedgerEntry, LedgerEvent } from "@upgrade-ledger/contract";
import { subjectOf } from "@upgrade-ledger/contract";
import { appendBatch } from "./append/append-batch.ts";
import { appendEncoded } from "./append/append.ts";
import type { AppendOutcome, BatchOutcome, EncodedEvent, Expectation } from "./append/outcome.ts";
import { findStored } from "./append/stored-before.ts";
import { encodeEvent, InvalidEventError } from "./encode.ts";
import { DirectReader } from "./read/direct.ts";
import { type FollowOptions, followRaw } from "./read/follow.ts";
import { entryOf, type RawEntry } from "./read/message.ts";
import { readRaw, type ReadOptions } from "./read/read.ts";
import { type LedgerHead, LedgerStream } from "./read/stream.ts";

export interface Ledger {
  /**
   * Validates and stores one event under its `event_id`, once (spec §3.2; outcomes in docs/ledger.md).
   * With `expect`, only if that subject's last sequence is still the one given.
   *
   * @throws LedgerUnavailableError when no acknowledgement came: the event may or may not be stored; append it again with
   * the same id and the same bytes
   */
  append(request: { event: LedgerEvent; expect?: Expectation | undefined }): Promise<AppendOutcome>;
  /** The same for bytes that were encoded before: an outbox publishes what it wrote to disk. @throws LedgerUnavailableError */
  appendEncoded(event: EncodedEvent): Promise<AppendOutcome>;
  /**
   * Up to a thousand of them at once, all or nothing and in order, at the cost of one. A batch that is refused is appended one
   * by one. @throws LedgerUnavailableError: all or nothing of it may be stored
   */
  appendBatch(events: readonly EncodedEvent[]): Promise<BatchOutcome>;
  /** The sequence at which exactly this event is stored after `afterSeq`; `undefined` if it is not. Needs the right to read. */
  find(event: EncodedEvent, afterSeq: number): Promise<number | undefined>;
  /** First and last sequence, and which ledger it is. Needs the right to read. */
  head(): Promise<LedgerHead>;
  /**
   * The events in order, to the head as it was at the call.
   * @throws LedgerGapError when the ledger has a hole (only without `deviceId`), LedgerUnavailableError after 30 s in vain
   */
  read(options?: ReadOptions): AsyncGenerator<LedgerEntry, void, void>;
  /** The same as bytes, for verification and export. */
  readRaw(options?: ReadOptions): AsyncGenerator<RawEntry, void, void>;
  /**
   * Hands over every event from `fromSeq` on, live, each once and in order, until the signal is aborted; also while
   * the broker restarts. Without a promise from `onEntry` it is called synchronously; with one, the next entry waits.
   *
   * @throws LedgerReplacedError, LedgerGapError, LedgerForbiddenError, what `onEntry` throws; LedgerUnavailableError only
   * when the connection is closed for good
   */
  follow(options: FollowOptions, onEntry: (entry: LedgerEntry) => void | Promise<void>): Promise<void>;
  /** The same as bytes. */
  followRaw(options: FollowOptions, onEntry: (entry: RawEntry) => void | Promise<void>): Promise<void>;
  /** The event at a sequence. Needs the right to read. */
  get(seq: number): Promise<LedgerEntry | undefined>;
  getRaw(seq: number): Promise<RawEntry | undefined>;
  /** The last event of exactly this subject; a device may ask for its own (spec §8). A replica may lag behind an acknowledgement. */
  lastOn(subject: string): Promise<LedgerEntry | undefined>;
  lastRawOn(subject: string): Promise<RawEntry | undefined>;
}

export interface LedgerOptions {
  /** How long an answer of the broker may take, milliseconds. Default 5,000. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 5_000;

/** The ledger behind a connection. Asks the server nothing by itself, so a device's connection will do for appending. */
export function ledgerOf(nc: NatsConnection, options: LedgerOptions = {}): Ledger {
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  const direct = new DirectReader(nc, timeoutMs);
  const stream = new LedgerStream(nc, timeoutMs);
  const appendBytes = (event: EncodedEvent) => appendEncoded(nc, direct, event, timeoutMs);
  return {
    append: async ({ event, expect }) => {
      try {
        const data = encodeEvent(event);
        return await appendBytes({ eventId: event.event_id, subject: subjectOf(event), data, expect });
      } catch (error) {
        if (error instanceof InvalidEventError) {
          return { kind: "refused", code: error.code, detail: error.message };
        }
        throw error;
      }
    },
    appendEncoded: appendBytes,
    appendBatch: (events) => appendBatch(nc, events, timeoutMs),
    find: (event, afterSeq) => findStored(direct, event, afterSeq),
    head: () => stream.head(),
    read: (range = {}) => decoded(readRaw(stream, range)),
    readRaw: (range = {}) => readRaw(stream, range),
    follow: (range, onEntry) => followRaw(stream, range, (raw) => onEntry(entryOf(raw))),
    followRaw: (range, onEntry) => followRaw(stream, range, onEntry),
    get: async (seq) => entryIf(await direct.at(seq)),
    getRaw: (seq) => direct.at(seq),
    lastOn: async (subject) => entryIf(await direct.lastOn(subject)),
    lastRawOn: (subject) => direct.lastOn(subject),
  };
}

async function* decoded(entries: AsyncIterable<RawEntry>): AsyncGenerator<LedgerEntry, void, void> {
  for await (const raw of entries) yield entryOf(raw);
}

function entryIf(raw: RawEntry | undefined): LedgerEntry | undefined {
  return raw === undefined ? undefined : entryOf(raw);
}
