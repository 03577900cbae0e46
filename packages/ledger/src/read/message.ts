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

const NANOSECONDS_PER_MILLISECOND = 1_000_000n;

/** A message as a consumer delivers it. */
export function rawFromConsumer(message: JsMsg): RawEntry {
  return {
    seq: message.seq,
    subject: message.subject,
    // Not message.time: it goes through a float, which can round up to the next millisecond.
    ledgerTime: new Date(Number(message.timestampNanos / NANOSECONDS_PER_MILLISECOND)).toISOString(),
    data: message.data,
    headers: message.headers,
  };
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
