// "As of": the ledger as it stood at a sequence or a time (spec §6).
import type { FastifyReply } from "fastify";
import type { ApiContext } from "../context.ts";
import { ApiProblem } from "../problem/problem.ts";
import type { AsOfQuery } from "../schema/as-of.ts";

/** How long an answer waits for the projections to take in what the ledger already holds, milliseconds. */
const PROJECTION_WAIT_MS = 5_000;

/** A moment of the ledger. */
export interface Moment {
  /** The last event that counts. */
  readonly seq: number;
  /** Its ledger time: time-driven fields are as of then. */
  readonly atMs: number;
  /** Whether no event that is still to come can change the answer. */
  readonly final: boolean;
}

/** The moment that a request asks about; `undefined`: now. @throws ApiProblem */
export async function momentOf(context: ApiContext, query: AsOfQuery): Promise<Moment | undefined> {
  const { as_of_seq: seq, as_of_time: time } = query;
  if (seq !== undefined && time !== undefined) {
    throw new ApiProblem("invalid_request", "as_of_seq and as_of_time: give one of them, not both", {
      errors: [{ parameter: "as_of_time", detail: "cannot be combined with as_of_seq" }],
    });
  }
  const found =
    seq === undefined
      ? time === undefined
        ? undefined
        : await positionOf(context, time)
      : { seq, settled: true };
  if (found === undefined) return undefined;
  const { firstSeq, lastSeq } = await context.ledger.head();
  if (found.seq > lastSeq) throw inFuture(`Sequence ${found.seq} is not stored yet.`, lastSeq);
  if (found.seq < firstSeq) {
    throw new ApiProblem("as_of_before_ledger", "The ledger held nothing then.", {
      extra: { ledger_first_seq: firstSeq },
    });
  }
  return { seq: found.seq, atMs: await timeOf(context, found.seq), final: found.settled };
}

/** Says which moment an answer is of, and that it stays as it is. */
export function sayMoment<T>(reply: FastifyReply, { seq, final }: Moment, answer: T): T {
  void reply.header("ledger-seq", seq);
  if (final) void reply.header("cache-control", "private, max-age=31536000, immutable");
  return answer;
}

/** What a route works with when it tells of the past: that moment's clock, and nothing of what is live. */
export function pastContext(context: ApiContext, { atMs }: Moment): ApiContext {
  return { ...context, now: () => atMs, withheldReasons: () => undefined };
}

async function positionOf(context: ApiContext, time: string) {
  const ms = Date.parse(time);
  if (ms > context.now()) {
    const { lastSeq } = await context.ledger.head();
    throw inFuture(`${time} is in the future.`, lastSeq);
  }
  return context.times.lastBefore(ms);
}

async function timeOf(context: ApiContext, seq: number): Promise<number> {
  const { progress } = context.model;
  if (!(await progress.reached(seq, PROJECTION_WAIT_MS))) {
    throw new ApiProblem(
      "not_yet_applied",
      `The projections are at ${progress.seq}, and ${seq} is asked for.`,
      {
        extra: { ledger_seq: progress.seq },
      },
    );
  }
  const entry = await context.ledger.getRaw(seq);
  if (entry === undefined) throw new ApiProblem("event_unknown", `The ledger has no event ${seq}.`);
  return Date.parse(entry.ledgerTime);
}

function inFuture(detail: string, lastSeq: number): ApiProblem {
  return new ApiProblem("as_of_in_future", `${detail} The ledger ends at ${lastSeq}.`, {
    extra: { ledger_head_seq: lastSeq },
  });
}
