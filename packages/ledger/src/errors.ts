// What can go wrong with the broker, as types.
import { errors, RequestError } from "@nats-io/transport-node";

/** `no_stream`: nothing took the message (no ledger, or it has no leader); the other two: no answer came. */
export type UnavailableReason = "no_stream" | "no_answer" | "closed" | "try_again";

/**
 * The broker could not be reached, or did not acknowledge in time. After an append the event **may or may not be
 * stored**: append it again with the same event id and the same bytes, which stores it at most once inside the
 * duplicate window and is recognised by readers after it (docs/ledger.md).
 */
export class LedgerUnavailableError extends Error {
  override readonly name = "LedgerUnavailableError";
  readonly reason: UnavailableReason;

  constructor(reason: UnavailableReason, what: string, cause?: unknown) {
    super(`${what}: ${explain(reason)}`, cause === undefined ? undefined : { cause });
    this.reason = reason;
  }
}

/** The connection's user may not do this (spec §8). */
export class LedgerForbiddenError extends Error {
  override readonly name = "LedgerForbiddenError";
}

/** Another stream stands where the ledger stood, or events that were read are gone: sequences mean something else now. */
export class LedgerReplacedError extends Error {
  override readonly name = "LedgerReplacedError";
}

/** The ledger has no event at a sequence where it must have one (spec G12). Reading can go on from `found`. */
export class LedgerGapError extends Error {
  override readonly name = "LedgerGapError";
  readonly expected: number;
  readonly found: number;

  constructor(expected: number, found: number) {
    super(`The ledger has no event ${expected}; the next one is ${found}`);
    this.expected = expected;
    this.found = found;
  }
}

function explain(reason: UnavailableReason): string {
  switch (reason) {
    case "no_stream":
      return "no stream answers on the subject (is the ledger provisioned, and has it a leader?)";
    case "no_answer":
      return "the broker gave no answer in time";
    case "closed":
      return "the connection to the broker is closed";
    case "try_again":
      return "the broker cannot answer for the moment";
  }
}

/**
 * The typed error for what a request through the NATS client threw; errors that are nobody's fault but ours pass unchanged.
 *
 * @param what what was asked for, as the message's beginning: `append of done`
 */
export function requestFailure(error: unknown, what: string): unknown {
  if (error instanceof RequestError && error.isNoResponders()) {
    return new LedgerUnavailableError("no_stream", what, error);
  }
  const root = error instanceof RequestError ? (error.cause ?? error) : error;
  if (root instanceof errors.PermissionViolationError) {
    return new LedgerForbiddenError(`${what}: this connection may not ${root.operation} ${root.subject}`, {
      cause: error,
    });
  }
  if (root instanceof errors.NoRespondersError) return new LedgerUnavailableError("no_stream", what, error);
  if (root instanceof errors.ClosedConnectionError || root instanceof errors.DrainingConnectionError) {
    return new LedgerUnavailableError("closed", what, error);
  }
  if (
    root instanceof errors.TimeoutError ||
    root instanceof errors.ConnectionError ||
    root instanceof RequestError
  ) {
    return new LedgerUnavailableError("no_answer", what, error);
  }
  return error;
}
