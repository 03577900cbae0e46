// Publishing one event and saying truthfully what became of it (docs/ledger.md).
import { headers, type NatsConnection } from "@nats-io/transport-node";
import { HEADERS, MAX_EVENT_BYTES } from "@upgrade-ledger/contract";
import { LedgerForbiddenError, LedgerUnavailableError, requestFailure } from "../errors.ts";
import type { DirectReader } from "../read/direct.ts";
import { type Acknowledgement, readAcknowledgement } from "./acknowledgement.ts";
import type { AppendOutcome, EncodedEvent } from "./outcome.ts";
import { findOwnAfterConflict, judgeDuplicate } from "./stored-before.ts";

const EXPECTED_LAST_SUBJECT_SEQUENCE = "Nats-Expected-Last-Subject-Sequence";
const EXPECTED_LAST_SUBJECT_SEQUENCE_SUBJECT = "Nats-Expected-Last-Subject-Sequence-Subject";

/** Publishes the bytes once and waits for the acknowledgement. @throws LedgerUnavailableError */
export async function appendEncoded(
  nc: NatsConnection,
  reader: DirectReader,
  event: EncodedEvent,
  timeoutMs: number,
): Promise<AppendOutcome> {
  if (event.data.length > MAX_EVENT_BYTES) {
    const detail = `${event.data.length} bytes, more than ${MAX_EVENT_BYTES}`;
    return { kind: "refused", code: "too_large", detail };
  }
  const what = `append of ${event.eventId} to ${event.subject}`;
  let acknowledgement: Acknowledgement;
  try {
    const answer = await nc.request(event.subject, event.data, {
      headers: headersOf(event),
      timeout: timeoutMs,
    });
    acknowledgement = readAcknowledgement(answer.string());
  } catch (error) {
    const failure = requestFailure(error, what);
    if (failure instanceof LedgerForbiddenError) {
      return { kind: "refused", code: "forbidden", detail: failure.message };
    }
    throw failure;
  }
  return judge(acknowledgement, reader, event, what);
}

/** The headers that an event is published with. */
export function headersOf(event: EncodedEvent) {
  const all = headers();
  for (const [name, value] of Object.entries(event.headers ?? {})) all.set(name, value);
  all.set(HEADERS.messageId, event.eventId);
  if (event.expect !== undefined) {
    all.set(EXPECTED_LAST_SUBJECT_SEQUENCE, String(event.expect.lastSequence));
    all.set(EXPECTED_LAST_SUBJECT_SEQUENCE_SUBJECT, event.expect.subject);
  }
  return all;
}

async function judge(
  acknowledgement: Acknowledgement,
  reader: DirectReader,
  event: EncodedEvent,
  what: string,
): Promise<AppendOutcome> {
  switch (acknowledgement.kind) {
    case "stored":
      return { kind: "stored", seq: acknowledgement.seq };
    case "duplicate":
      return judgeDuplicate(reader, event, acknowledgement.seq);
    case "wrong-sequence": {
      const { lastSequence } = acknowledgement;
      const seq = await findOwnAfterConflict(reader, event);
      return seq === undefined
        ? { kind: "conflict", lastSequence }
        : { kind: "already-stored", seq, verified: true };
    }
    case "full":
      return { kind: "refused", code: "full", detail: acknowledgement.detail };
    case "too-large":
      return { kind: "refused", code: "too_large", detail: acknowledgement.detail };
    case "rejected":
      return { kind: "refused", code: "rejected", detail: acknowledgement.detail };
    case "unavailable":
      throw new LedgerUnavailableError("try_again", `${what} (${acknowledgement.detail})`);
  }
}
