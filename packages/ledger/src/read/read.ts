// Reading what the ledger holds now, in order, to its head as it was at the call.
import type { Consumer, JsMsg } from "@nats-io/jetstream";
import { LedgerForbiddenError, LedgerGapError, LedgerUnavailableError, requestFailure } from "../errors.ts";
import { Cursor } from "./cursor.ts";
import { type RawEntry, rawFromConsumer } from "./message.ts";
import { pause } from "./pause.ts";
import type { LedgerStream, Start } from "./stream.ts";

export interface ReadOptions {
  /** First sequence; default: the ledger's first. */
  readonly fromSeq?: number | undefined;
  /** Last sequence; default, and at most: the head at the call. */
  readonly toSeq?: number | undefined;
  /** From the first event at or after this ledger time (RFC 3339) on; not together with `fromSeq`. */
  readonly fromTime?: string | undefined;
  /** Only this device's events. The server looks for them: some 30 ms in a large ledger (reference: never per request). */
  readonly deviceId?: string | undefined;
}

const BATCH = 2_000;
const PULL = { expires: 5_000, idle_heartbeat: 1_000 } as const;
/** A read that gets nothing for so long although there is something gives up, milliseconds. */
const PATIENCE_MS = 30_000;
const PAUSE_MS = { first: 100, longest: 2_000 } as const;

/** Messages are asked for as the caller takes them, so that a slow caller holds no more than one batch. */
export async function* readRaw(
  stream: LedgerStream,
  options: ReadOptions,
): AsyncGenerator<RawEntry, void, void> {
  if (options.fromTime !== undefined && isBeyondEveryEvent(options.fromTime)) return;
  const head = await stream.head();
  const end = Math.min(options.toSeq ?? Number.POSITIVE_INFINITY, head.lastSeq);
  const { fromTime, deviceId } = options;
  const fromSeq = fromTime === undefined ? (options.fromSeq ?? head.firstSeq) : undefined;
  const cursor = new Cursor(fromSeq, deviceId !== undefined);
  let progressAt = performance.now();
  let pauseMs: number = PAUSE_MS.first;
  while (cursor.last < end) {
    const start: Start =
      cursor.anywhere && fromTime !== undefined ? { time: fromTime } : { seq: cursor.last + 1 };
    try {
      for await (const message of pass(stream, start, deviceId, cursor)) {
        if (message.seq > end) return;
        yield rawFromConsumer(message);
        progressAt = performance.now();
        pauseMs = PAUSE_MS.first;
        if (message.seq === end) return;
      }
      return;
    } catch (error) {
      const failure = requestFailure(error, "reading the ledger");
      if (isFinal(failure)) throw failure;
      if (performance.now() - progressAt > PATIENCE_MS) {
        throw new LedgerUnavailableError(
          "no_answer",
          `reading the ledger after sequence ${cursor.last}`,
          error,
        );
      }
    }
    await pause(pauseMs);
    pauseMs = Math.min(PAUSE_MS.longest, pauseMs * 2);
  }
}

/** What one consumer gives; ends when nothing is pending, throws when it broke off. */
async function* pass(
  stream: LedgerStream,
  start: Start,
  deviceId: string | undefined,
  cursor: Cursor,
): AsyncGenerator<JsMsg, void, void> {
  const { consumer, info } = await stream.consumer(start, deviceId);
  cursor.consumerMade();
  try {
    // Asked before the first pull: a consumer on subjects without messages never delivers a sign that it is done.
    let pending = info.num_pending;
    while (pending > 0) {
      const batch = await consumer.fetch({ ...PULL, max_messages: Math.min(BATCH, pending) });
      const before = pending;
      for await (const message of batch) {
        const step = cursor.advance(message.info);
        if (step === "lost") throw new LostOnTheWayError();
        pending = message.info.pending;
        if (step === "take") yield message;
      }
      if (pending === before) throw new LostOnTheWayError();
    }
  } finally {
    forget(consumer);
  }
}

/** The last moment that the broker can count, in nanoseconds of 63 bits: a start after it would wrap round to the first event. */
const END_OF_TIME_MS = 2 ** 63 / 1_000_000;

/** @throws RangeError if it is no time */
function isBeyondEveryEvent(time: string): boolean {
  const at = Date.parse(time);
  if (Number.isNaN(at)) throw new RangeError(`fromTime is no RFC 3339 time: ${time}`);
  return at >= END_OF_TIME_MS;
}

/** The server would drop it by itself after a while: a failure here costs nothing. */
function forget(consumer: Consumer): void {
  consumer.delete().catch(() => undefined);
}

/** The consumer delivered fewer messages than it has: another one is made. */
class LostOnTheWayError extends Error {}

function isFinal(failure: unknown): boolean {
  if (failure instanceof LedgerGapError || failure instanceof LedgerForbiddenError) return true;
  return failure instanceof LedgerUnavailableError && failure.reason === "closed";
}
