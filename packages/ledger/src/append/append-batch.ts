// Publishing many events as one atomic batch: one write to the disk for all of them (docs/ledger.md).
import { type NatsConnection, nuid } from "@nats-io/transport-node";
import { LedgerForbiddenError, LedgerUnavailableError, requestFailure } from "../errors.ts";
import { readAcknowledgement } from "./acknowledgement.ts";
import { headersOf } from "./append.ts";
import type { BatchOutcome, EncodedEvent } from "./outcome.ts";

/** The most events that the server takes in one batch. */
export const MAX_BATCH = 1_000;

const BATCH_ID = "Nats-Batch-Id";
const BATCH_SEQUENCE = "Nats-Batch-Sequence";
const BATCH_COMMIT = "Nats-Batch-Commit";

/**
 * Publishes the events in order and commits them. Raw headers, because the client's own batches neither send the ids of
 * later messages nor say why a commit was refused. @throws LedgerUnavailableError
 */
export async function appendBatch(
  nc: NatsConnection,
  events: readonly EncodedEvent[],
  timeoutMs: number,
): Promise<BatchOutcome> {
  const last = events.at(-1);
  if (last === undefined) return { kind: "stored" };
  if (events.length > MAX_BATCH) throw new RangeError(`${events.length} events, more than ${MAX_BATCH}`);
  const id = nuid.next();
  const headersIn = (event: EncodedEvent, index: number) => {
    const all = headersOf(event);
    all.set(BATCH_ID, id);
    all.set(BATCH_SEQUENCE, String(index + 1));
    return all;
  };
  const what = `append of ${events.length} events to ${last.subject}`;
  try {
    events.slice(0, -1).forEach((event, index) => {
      nc.publish(event.subject, event.data, { headers: headersIn(event, index) });
    });
    const headers = headersIn(last, events.length - 1);
    headers.set(BATCH_COMMIT, "1");
    const answer = await nc.request(last.subject, last.data, { headers, timeout: timeoutMs });
    const acknowledgement = readAcknowledgement(answer.string());
    if (acknowledgement.kind === "stored") return { kind: "stored" };
    if (acknowledgement.kind === "unavailable")
      throw new LedgerUnavailableError("try_again", `${what} (${acknowledgement.detail})`);
    return {
      kind: "refused",
      detail: "detail" in acknowledgement ? acknowledgement.detail : acknowledgement.kind,
    };
  } catch (error) {
    if (error instanceof LedgerUnavailableError) throw error;
    const failure = requestFailure(error, what);
    if (failure instanceof LedgerForbiddenError) return { kind: "refused", detail: failure.message };
    throw failure;
  }
}
