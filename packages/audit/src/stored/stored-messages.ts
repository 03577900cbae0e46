// Everything that a stream holds under a filter, by direct gets: needs no consumer.
import { JetStreamError, type JetStreamManager, type StoredMsg } from "@nats-io/jetstream";
import { errors } from "@nats-io/transport-node";

const BATCH = 500;
const NOT_FOUND = 404;
/** The client waits for ever for a server that died: after so long without a message we do not, milliseconds. */
const STALL_MS = 10_000;

/** In the order of their sequences. @throws what the client throws: timeouts, refusals */
export async function* storedMessages(
  manager: JetStreamManager,
  stream: string,
  filter: string,
): AsyncGenerator<StoredMsg, void, void> {
  let seq = 1;
  for (;;) {
    const batch = await batchFrom(manager, stream, filter, seq);
    yield* batch;
    const last = batch.at(-1);
    if (last === undefined) return;
    seq = last.seq + 1;
  }
}

async function batchFrom(
  manager: JetStreamManager,
  stream: string,
  filter: string,
  seq: number,
): Promise<StoredMsg[]> {
  const found: StoredMsg[] = [];
  try {
    const messages = await manager.direct.getBatch(stream, { seq, batch: BATCH, next_by_subj: filter });
    let heard = -1;
    const watchdog = setInterval(() => {
      if (heard === found.length) messages.stop(new errors.TimeoutError());
      heard = found.length;
    }, STALL_MS);
    try {
      for await (const message of messages) found.push(message);
    } finally {
      clearInterval(watchdog);
    }
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  return found;
}

/** The status of an empty batch; its class is not exported. */
function isNotFound(error: unknown): boolean {
  return error instanceof JetStreamError && "code" in error && error.code === NOT_FOUND;
}
