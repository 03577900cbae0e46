// Was an event stored before, and was it this one? Reads only what the connection may read.
import { HEADERS } from "@upgrade-ledger/contract";
import { LedgerForbiddenError } from "../errors.ts";
import type { DirectReader } from "../read/direct.ts";
import type { RawEntry } from "../read/message.ts";
import { pause } from "../read/pause.ts";
import type { AppendOutcome, EncodedEvent } from "./outcome.ts";

/** Whether the stored message is this very event: same id, same subject, same bytes. */
export function isSameEvent(stored: RawEntry, event: EncodedEvent): boolean {
  return (
    stored.subject === event.subject &&
    stored.headers?.get(HEADERS.messageId) === event.eventId &&
    Buffer.compare(stored.data, event.data) === 0
  );
}

/** Pauses between looks at a replica that has not seen yet what the leader acknowledged, milliseconds. */
const REPLICA_PAUSES_MS = [20, 40, 80, 160, 320, 640];

/** What a `duplicate` acknowledgement of `seq` means: our own event again, or an id that another event has. */
export async function judgeDuplicate(
  reader: DirectReader,
  event: EncodedEvent,
  seq: number,
): Promise<AppendOutcome> {
  const judged = (stored: RawEntry): AppendOutcome =>
    isSameEvent(stored, event)
      ? { kind: "already-stored", seq, verified: true }
      : { kind: "id-taken", seq, subject: stored.subject };
  // The subject's last event first: mostly it is the one, and it is all that a device may read.
  const last = await readable(() => reader.lastOn(event.subject));
  if (last?.seq === seq) return judged(last);
  const stored = await readable(() => reader.at(seq));
  if (stored !== undefined) return judged(stored);
  const settled = await lastAtLeast(reader, event.subject, seq);
  if (settled?.seq === seq) return judged(settled);
  // A subject that ends before `seq` cannot hold it; one that goes on after it may.
  const elsewhere = settled === undefined || settled.seq < seq;
  return elsewhere
    ? { kind: "id-taken", seq, subject: null }
    : { kind: "already-stored", seq, verified: false };
}

/** The subject's last event, asked again while it is older than `seq`: a replica may lag. */
async function lastAtLeast(
  reader: DirectReader,
  subject: string,
  seq: number,
): Promise<RawEntry | undefined> {
  for (const pauseMs of REPLICA_PAUSES_MS) {
    const last = await readable(() => reader.lastOn(subject));
    if (last !== undefined && last.seq >= seq) return last;
    await pause(pauseMs);
  }
  return readable(() => reader.lastOn(subject));
}

/**
 * Where exactly this event is stored on its own subject after `afterSeq`, if it is. Looks at one event after the other:
 * meant for the few that a device's subject gained meanwhile.
 */
export async function findStored(
  reader: DirectReader,
  event: EncodedEvent,
  afterSeq: number,
): Promise<number | undefined> {
  let next = await reader.nextOn(event.subject, afterSeq + 1);
  while (next !== undefined && !isSameEvent(next, event)) {
    next = await reader.nextOn(event.subject, next.seq + 1);
  }
  return next?.seq;
}

/**
 * After a wrong expected sequence: was the event stored by an earlier try? With one replica the broker checks the
 * expectation before it looks for duplicates, so a repeat of one's own stored event is answered as a conflict.
 */
export async function findOwnAfterConflict(
  reader: DirectReader,
  event: EncodedEvent,
): Promise<number | undefined> {
  const { expect, subject } = event;
  const last = await readable(() => reader.lastOn(subject));
  if (last === undefined || expect === undefined || last.seq <= expect.lastSequence) return undefined;
  if (isSameEvent(last, event)) return last.seq;
  if (expect.subject !== subject) return readable(() => findStored(reader, event, expect.lastSequence));
  // Stored under this expectation, it is the very next event of the subject.
  const next = await readable(() => reader.nextOn(subject, expect.lastSequence + 1));
  return next !== undefined && isSameEvent(next, event) ? next.seq : undefined;
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
