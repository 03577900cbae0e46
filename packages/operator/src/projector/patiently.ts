// Waiting out a broker that is away: everything that the projector asks can be asked again.
import { setTimeout as pause } from "node:timers/promises";
import { errors, RequestError } from "@nats-io/transport-node";

const PAUSE_MS = { first: 50, longest: 1_000 } as const;

/** Asks again, at growing intervals, while the broker does not answer. @throws what is no absence, or the last failure once it is over */
export async function patiently<T>(
  ask: () => Promise<T>,
  until: { readonly signal: AbortSignal; readonly isOver: () => boolean },
): Promise<T> {
  let pauseMs: number = PAUSE_MS.first;
  for (;;) {
    until.signal.throwIfAborted();
    try {
      return await ask();
    } catch (error) {
      if (until.isOver() || !isAbsence(error)) throw error;
    }
    await pause(pauseMs, undefined, { signal: until.signal });
    pauseMs = Math.min(PAUSE_MS.longest, pauseMs * 2);
  }
}

function isAbsence(error: unknown): boolean {
  const root = error instanceof RequestError ? (error.cause ?? error) : error;
  return (
    root instanceof RequestError ||
    root instanceof errors.TimeoutError ||
    root instanceof errors.NoRespondersError ||
    root instanceof errors.ConnectionError
  );
}
