// Single stored messages by direct get: what every connection may do for its own subjects (spec §8).
import { jetstreamManager, type JetStreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { LEDGER_STREAM } from "@upgrade-ledger/contract";
import { requestFailure } from "../errors.ts";
import { type RawEntry, rawFromDirectGet } from "./message.ts";

/** Reads single messages. Every method throws {@link LedgerUnavailableError} or {@link LedgerForbiddenError}. */
export class DirectReader {
  readonly #manager: Promise<JetStreamManager>;

  constructor(nc: NatsConnection, timeoutMs: number) {
    // Asks the server nothing: a device has no right to the JetStream API.
    this.#manager = jetstreamManager(nc, { checkAPI: false, timeout: timeoutMs });
  }

  /** The message stored at `seq`; needs the right to read the whole ledger. */
  async at(seq: number): Promise<RawEntry | undefined> {
    return this.#get({ seq }, `reading sequence ${seq}`);
  }

  /** The last message of exactly `subject`. */
  async lastOn(subject: string): Promise<RawEntry | undefined> {
    return this.#get({ last_by_subj: subject }, `reading the last event of ${subject}`);
  }

  /** The first message of `subject` (wildcards allowed) at or after `seq`; needs the right to read the whole ledger. */
  async nextOn(subject: string, seq: number): Promise<RawEntry | undefined> {
    return this.#get({ seq, next_by_subj: subject }, `reading ${subject} from sequence ${seq}`);
  }

  async #get(
    query: { seq: number } | { last_by_subj: string } | { seq: number; next_by_subj: string },
    what: string,
  ): Promise<RawEntry | undefined> {
    try {
      const manager = await this.#manager;
      const message = await manager.direct.getMessage(LEDGER_STREAM, query);
      return message === null ? undefined : rawFromDirectGet(message);
    } catch (error) {
      throw requestFailure(error, what);
    }
  }
}
