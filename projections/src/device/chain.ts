// Where an event stands in its writer's chain: new, repeated, out of order, after a gap (spec §3.2, Chain).
import type { EventId, Writer } from "@upgrade-ledger/contract";
import {
  keepLatest,
  MAX_MISSING_RANGES,
  MAX_QUIET_WRITERS,
  MAX_RECENT_EVENTS,
  MAX_WRITERS,
} from "./bounds.ts";
import type { Bookkeeping, WriterPosition } from "./document.ts";
import { note, type Step } from "./step.ts";

/**
 * Finds the event's place, notes what is strange about it, and says whether the event was there before: such a one is
 * counted once and changes nothing. Knows repeats long after the broker forgot them, by the writer's sequence.
 */
export function isRepeat(
  step: Step,
  event: { readonly event_id: EventId; readonly writer: Writer },
): boolean {
  const { bookkeeping: books } = step.device;
  const { writer, event_id: eventId } = event;
  // Others may write one event twice as different writers: two observers, or a request that is made again. Agents do not.
  const shared = writer.role !== "agent";
  const seenId =
    shared && (books.recent_event_ids.includes(eventId) || books.recent_upgrade_ids.includes(eventId));
  const known = books.writers.find((position) => position.instance_id === writer.instance_id);
  const repeated =
    known === undefined
      ? firstOf(step, writer, eventId, seenId)
      : nextOf(step, known, writer.sequence, eventId, seenId);
  if (repeated) note(step, "duplicate");
  else if (shared) remember(books, eventId);
  return repeated;
}

function remember(books: Bookkeeping, eventId: string): void {
  books.recent_event_ids.push(eventId);
  keepLatest(books.recent_event_ids, MAX_RECENT_EVENTS);
}

/** The first event that is seen of this writer, or the first after it has been quiet for long. */
function firstOf(step: Step, writer: Writer, eventId: EventId, seenId: boolean): boolean {
  const { bookkeeping: books } = step.device;
  const { instance_id, sequence } = writer;
  const before = lastOfQuiet(books, instance_id);
  if (sequence <= before) return true;
  books.quiet_writers = books.quiet_writers.filter((text) => !isAbout(text, instance_id));
  const position: WriterPosition = { instance_id, sequence, event_id: eventId, seq: step.seq, missing: [] };
  if (sequence > before + 1) noteGap(step, position, before + 1, sequence - 1);
  books.writers.push(position);
  if (books.writers.length > MAX_WRITERS) shortenQuietest(books);
  return seenId;
}

function nextOf(
  step: Step,
  known: WriterPosition,
  sequence: number,
  eventId: EventId,
  seenId: boolean,
): boolean {
  const newerId = isTimeOrdered(eventId) && eventId > known.event_id;
  if (sequence > known.sequence) {
    if (sequence > known.sequence + 1) noteGap(step, known, known.sequence + 1, sequence - 1);
    known.sequence = sequence;
  } else if (!seenId) {
    const wasMissing = fill(known, sequence);
    if (!wasMissing && !newerId) return true;
    note(step, "out_of_order");
  }
  if (newerId) known.event_id = eventId;
  known.seq = step.seq;
  return seenId;
}

/** A UUIDv7 holds its time first, so that a later one of the same writer is greater; a derived UUIDv8 does not. */
function isTimeOrdered(eventId: string): boolean {
  return eventId[14] === "7";
}

function noteGap(step: Step, position: WriterPosition, from: number, to: number): void {
  const { bookkeeping: books } = step.device;
  const size = to - from + 1;
  if (size <= books.unplaced) {
    books.unplaced -= size;
    return;
  }
  position.missing.push([from, to]);
  keepLatest(position.missing, MAX_MISSING_RANGES);
  note(step, "gap");
}

/** Takes a number out of the missing ones; whether it was missing. */
function fill(position: WriterPosition, sequence: number): boolean {
  const index = position.missing.findIndex(([from, to]) => from <= sequence && sequence <= to);
  const range = position.missing[index];
  if (range === undefined) return false;
  const [from, to] = range;
  const left: [number, number][] = [];
  if (from < sequence) left.push([from, sequence - 1]);
  if (sequence < to) left.push([sequence + 1, to]);
  position.missing.splice(index, 1, ...left);
  keepLatest(position.missing, MAX_MISSING_RANGES);
  return true;
}

/** Of a writer that has been quiet for long, only its last sequence is kept, under the random end of its id. */
function shortenQuietest(books: Bookkeeping): void {
  const quietest = books.writers.reduce((least, position) => (position.seq < least.seq ? position : least));
  books.writers.splice(books.writers.indexOf(quietest), 1);
  books.quiet_writers.push(`${shortId(quietest.instance_id)}:${quietest.sequence}`);
  keepLatest(books.quiet_writers, MAX_QUIET_WRITERS);
}

/** The last sequence of a quiet writer; 0 of one that was never heard of. */
function lastOfQuiet(books: Bookkeeping, instanceId: string): number {
  const found = books.quiet_writers.find((text) => isAbout(text, instanceId));
  return found === undefined ? 0 : Number(found.slice(found.indexOf(":") + 1));
}

function isAbout(quiet: string, instanceId: string): boolean {
  return quiet.startsWith(`${shortId(instanceId)}:`);
}

function shortId(instanceId: string): string {
  return instanceId.slice(-12);
}
