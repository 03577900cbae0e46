// Was an event stored before, and was it this one? Reads only what the connection may read.
import { HEADERS } from "@upgrade-ledger/contract";
import { LedgerForbiddenError } from "../errors.ts";
import type { DirectReader } from "../read/direct.ts";
import type { RawEntry } from "../read/message.ts";
import type { AppendOutcome, EncodedEvent } from "./outcome.ts";

/** Whether the stored message is this very event: same id, same subject, same bytes. */
export function isSameEvent(stored: RawEntry, event: EncodedEvent): boolean {
  return (
    stored.subject === event.subject &&
    stored.headers?.get(HEADERS.messageId) === event.eventId &&
    Buffer.compare(stored.data, event.data) === 0
  );
}

/** What a `duplicate` acknowledgement of `seq` means: our own event again, or an id that another event has. */
export async function judgeDuplicate(
  reader: DirectReader,
  event: EncodedEvent,
  seq: number,
): Promise<AppendOutcome> {
  const stored = await readDuplicate(reader, event, seq);
  if (stored === undefined) return { kind: "already-stored", seq, verified: false };
  if (isSameEvent(stored, event)) return { kind: "already-stored", seq, verified: true };
  return { kind: "id-taken", seq, subject: stored.subject };
}

/** The subject's last message first: that is all that a device may read, and mostly it is the one. */
async function readDuplicate(
  reader: DirectReader,
  event: EncodedEvent,
  seq: number,
): Promise<RawEntry | undefined> {
  const last = await readable(() => reader.lastOn(event.subject));
  if (last?.seq === seq) return last;
  return readable(() => reader.at(seq));
}

/**
 * Where this event is stored on its own subject after `afterSeq` and before `beforeSeq`, if it is.
 * Looks at one message after the other: meant for the few events of one device's subject.
 */
export async function findStored(
  reader: DirectReader,
  event: EncodedEvent,
  afterSeq: number,
  beforeSeq = Number.POSITIVE_INFINITY,
): Promise<number | undefined> {
  let from = afterSeq + 1;
  while (from < beforeSeq) {
    const start = from;
    const next = await reader.nextOn(event.subject, start);
    if (next === undefined || next.seq >= beforeSeq) return undefined;
    if (isSameEvent(next, event)) return next.seq;
    from = next.seq + 1;
  }
  return undefined;
}

/**
 * After a wrong expected sequence: was the event stored by an earlier try? With one replica the broker checks the
 * expectation before it looks for duplicates, so a repeat of one's own stored event is answered as a conflict.
 * It would lie after the expected sequence, and not after the one that the broker named.
 */
export async function findOwnAfterConflict(
  reader: DirectReader,
  event: EncodedEvent,
  lastSequence: number | null,
): Promise<number | undefined> {
  const last = await readable(() => reader.lastOn(event.subject));
  if (last !== undefined && isSameEvent(last, event)) return last.seq;
  const expected = event.expect?.lastSequence ?? 0;
  if (last === undefined || last.seq <= expected) return undefined;
  const before = lastSequence === null ? last.seq + 1 : Math.max(lastSequence, last.seq) + 1;
  return readable(() => findStored(reader, event, expected, before));
}

/** `undefined` also where the connection has no right to read. */
async function readable<T>(read: () => Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof LedgerForbiddenError) return undefined;
    throw error;
  }
}
