// One stored message, as bytes and as an entry.
import type { JsMsg, StoredMsg } from "@nats-io/jetstream";
import { headers, type MsgHdrs } from "@nats-io/transport-node";
import { decode, HEADERS, type LedgerEntry } from "@upgrade-ledger/contract";

/** A stored message as it is: what verification and export need. */
export interface RawEntry {
  readonly seq: number;
  readonly subject: string;
  /** The broker's timestamp, RFC 3339 UTC, cut to milliseconds (spec §2, ledger time). */
  readonly ledgerTime: string;
  readonly data: Uint8Array;
  readonly headers: MsgHdrs | undefined;
}

/** The stored message read as the contract says (spec §3.2, "Readers are lenient"). Never throws. */
export function entryOf(raw: RawEntry): LedgerEntry {
  return {
    seq: raw.seq,
    subject: raw.subject,
    ledgerTime: raw.ledgerTime,
    decoded: decode({
      seq: raw.seq,
      subject: raw.subject,
      data: raw.data,
      injected: raw.headers?.has(HEADERS.stream) ?? false,
    }),
  };
}

const NANOSECONDS_PER_MILLISECOND = 1_000_000;
/** Nanoseconds since 1970 as a float are exact to about this much. */
const FLOAT_ERROR_NS = 512;

/**
 * Milliseconds since 1970, cut and never rounded up: the same as a direct get's timestamp, which is text.
 * `exact` is only asked where the float is too near to the next millisecond to tell.
 */
export function cutNanoseconds(nanoseconds: number, exact: () => bigint): number {
  const rest = nanoseconds % NANOSECONDS_PER_MILLISECOND;
  if (rest > FLOAT_ERROR_NS && rest < NANOSECONDS_PER_MILLISECOND - FLOAT_ERROR_NS) {
    return Math.round((nanoseconds - rest) / NANOSECONDS_PER_MILLISECOND);
  }
  return Number(exact() / BigInt(NANOSECONDS_PER_MILLISECOND));
}

/** A message as a consumer delivers it. A class, because headers are parsed only when they are asked for. */
class ConsumedEntry implements RawEntry {
  readonly seq: number;
  readonly subject: string;
  readonly ledgerTime: string;
  readonly data: Uint8Array;
  readonly #message: JsMsg;

  constructor(message: JsMsg) {
    this.seq = message.info.streamSequence;
    this.subject = message.subject;
    this.ledgerTime = new Date(
      cutNanoseconds(message.info.timestampNanos, () => message.timestampNanos),
    ).toISOString();
    this.data = message.data;
    this.#message = message;
  }

  get headers(): MsgHdrs | undefined {
    return this.#message.headers;
  }
}

export function rawFromConsumer(message: JsMsg): RawEntry {
  return new ConsumedEntry(message);
}

/** Headers that a direct get adds behind the stored ones; they are not part of the message. */
const ADDED_BY_DIRECT_GET: ReadonlySet<string> = new Set([
  "Nats-Stream",
  "Nats-Subject",
  "Nats-Sequence",
  "Nats-Time-Stamp",
]);

function storedHeaders(answered: MsgHdrs): MsgHdrs | undefined {
  const stored = headers();
  for (const [key, values] of answered) {
    const kept = ADDED_BY_DIRECT_GET.has(key) ? values.slice(0, -1) : values;
    for (const value of kept) stored.append(key, value);
  }
  return stored.keys().length === 0 ? undefined : stored;
}

/** A message as a direct get answers it. */
export function rawFromDirectGet(message: StoredMsg): RawEntry {
  return {
    seq: message.seq,
    subject: message.subject,
    ledgerTime: cutToMilliseconds(message.timestamp),
    data: message.data,
    headers: storedHeaders(message.header),
  };
}

/** `2026-05-06T22:51:14.1234567Z` → `2026-05-06T22:51:14.123Z`; zeros that the broker leaves out are put back. */
export function cutToMilliseconds(timestamp: string): string {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?Z$/.exec(timestamp);
  if (match === null) return new Date(timestamp).toISOString();
  return `${match[1]}.${(match[2] ?? "").slice(0, 3).padEnd(3, "0")}Z`;
}
