/** Names of the client's errors that say "the server did not answer", not "the answer was no". */
const NAMES = new Set([
  "LedgerUnavailableError",
  "TimeoutError",
  "RequestError",
  "NoRespondersError",
  "ConnectionError",
  "ClosedConnectionError",
  "DrainingConnectionError",
  "JetStreamNotEnabled",
]);

/** Whether an error, or what caused it, means that the NATS server cannot be reached now. */
export function isUnavailable(error: unknown): boolean {
  for (let current = error; current instanceof Error; current = current.cause) {
    if (NAMES.has(current.name)) return true;
  }
  return false;
}
