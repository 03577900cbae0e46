/** What is done with the errors that nobody catches. */
export interface LostSocketHandlers {
  /** A connection ended while it was written to; the client reconnects by itself. */
  readonly onLost: (error: Error) => void;
  /** Any other error. The process must end: it is called in place of Node's own end. */
  readonly onFatal: (error: Error) => void;
}

/**
 * Keeps the process up when a NATS server goes away in the very moment in which something is written to it: the client
 * has then taken its listeners off the socket, whose error nobody catches, and reconnects all the same. Any other
 * error that nobody catches ends the process, as it should. Call it once, before the first connection.
 */
export function surviveLostSockets({ onLost, onFatal }: LostSocketHandlers): void {
  process.on("uncaughtException", (error) => {
    if ("code" in error && error.code === "ERR_STREAM_WRITE_AFTER_END") onLost(error);
    else onFatal(error);
  });
}
