// Following the ledger live from a sequence, each event exactly once and in order, whatever happens to the broker.
import { LedgerReplacedError, LedgerUnavailableError, requestFailure } from "../errors.ts";
import { Cursor } from "./cursor.ts";
import { Delivery, type Handler } from "./delivery.ts";
import { pause } from "./pause.ts";
import { type CheckHead, runSession, type SessionEnd } from "./session.ts";
import type { LedgerStream } from "./stream.ts";

export interface FollowOptions {
  /** The first sequence wanted: the last one processed + 1. */
  readonly fromSeq: number;
  /** Only this device's events. */
  readonly deviceId?: string | undefined;
  /** Ends the following; its promise then resolves. */
  readonly signal: AbortSignal;
  /** The ledger's `created` when `fromSeq` was noted; under another one the following rejects with {@link LedgerReplacedError}. */
  readonly created?: string | undefined;
  /** Called once, when everything that the ledger held when the following began has been handled. */
  readonly onCaughtUp?: (() => void) | undefined;
  /** Called when another consumer is made, with the reason and the sequence that it goes on from: for logs and metrics. */
  readonly onResume?: ((reason: string, fromSeq: number) => void) | undefined;
  /** How often it is checked that nothing is missed although it is quiet, milliseconds. Default 5,000. */
  readonly watchdogMs?: number | undefined;
}

const WATCHDOG_MS = 5_000;
const PAUSE_MS = { first: 50, longest: 1_000 } as const;

/**
 * Hands over every message from `fromSeq` on. Resolves when the signal is aborted.
 *
 * The one remedy for every trouble (server gone, consumer gone, messages lost on the way, silence although there is
 * more) is another consumer at the sequence after the last one had: nothing comes twice and nothing is left out.
 */
export async function followRaw(
  stream: LedgerStream,
  options: FollowOptions,
  handle: Handler,
): Promise<void> {
  const { signal, deviceId } = options;
  const cursor = new Cursor(Math.max(1, options.fromSeq), deviceId !== undefined);
  const delivery = new Delivery(handle, signal);
  const checkHead = sameLedger(options.created);
  const session = {
    stream,
    cursor,
    delivery,
    deviceId,
    signal,
    checkHead,
    watchdogMs: options.watchdogMs ?? WATCHDOG_MS,
    onNothingPending: once(() => delivery.afterThese(() => options.onCaughtUp?.())),
  };
  let pauseMs: number = PAUSE_MS.first;
  while (!signal.aborted) {
    const lastBefore = cursor.last;
    const end = await settle(async () => {
      checkHead(await stream.head(), lastBefore);
      return runSession(session);
    });
    if (end.kind === "failed") throw end.error;
    if (end.kind === "aborted") break;
    if (end.kind === "full") {
      await delivery.roomAgain();
      continue;
    }
    options.onResume?.(end.reason, cursor.last + 1);
    pauseMs = cursor.last > lastBefore ? PAUSE_MS.first : Math.min(PAUSE_MS.longest, pauseMs * 2);
    await pause(pauseMs, signal);
  }
  await delivery.finished();
}

/** The ledger must stay the one it was: made at the same moment, and not shorter than what had been read when its head was asked for. */
function sameLedger(created: string | undefined): CheckHead {
  let known = created;
  return (head, lastRead) => {
    known ??= head.created;
    if (head.created !== known) {
      throw new LedgerReplacedError(`The ledger was made anew: at ${head.created}, before at ${known}`);
    }
    if (head.lastSeq < lastRead) {
      throw new LedgerReplacedError(
        `The ledger ends at sequence ${head.lastSeq}, but ${lastRead} has been read: events are gone`,
      );
    }
  };
}

/** What can be waited for becomes trouble; everything else is final. */
async function settle(run: () => Promise<SessionEnd>): Promise<SessionEnd> {
  try {
    return await run();
  } catch (error) {
    const failure = requestFailure(error, "following the ledger");
    return failure instanceof LedgerUnavailableError && failure.reason !== "closed"
      ? { kind: "troubled", reason: failure.message }
      : { kind: "failed", error: failure };
  }
}

function once(action: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    action();
  };
}
