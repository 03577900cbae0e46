import type { Logger } from "pino";
import { EXIT } from "../exit-codes.ts";

/**
 * Keeps the service up when a NATS server goes away in the very moment in which something is written to it: the client
 * has then taken its listeners off the socket, whose error nobody catches, and reconnects all the same. Any other
 * error that nobody catches ends the process, as it should.
 */
export function surviveLostSockets(log: Logger): void {
  process.on("uncaughtException", (error) => {
    if ("code" in error && error.code === "ERR_STREAM_WRITE_AFTER_END") {
      log.warn({ err: error }, "a connection ended while it was written to");
      return;
    }
    log.fatal({ err: error }, "an error that nobody caught");
    process.exit(EXIT.failure);
  });
}
