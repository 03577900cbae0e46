// The stream of signed checkpoints: the last one, all of them, and one more if nobody else was first.
import { JetStreamApiError, type JetStreamManager, jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { CHECKPOINT_STREAM, subjects } from "@upgrade-ledger/contract";
import { storedMessages } from "./stored-messages.ts";

export interface StoredCheckpoint {
  /** Its sequence in the stream of checkpoints. */
  readonly seq: number;
  /** The signed note. */
  readonly text: string;
}

const WRONG_LAST_SEQUENCE = new Set([10071, 10164]);

export class CheckpointLog {
  readonly #manager: JetStreamManager;

  private constructor(manager: JetStreamManager) {
    this.#manager = manager;
  }

  /** Asks the server nothing. */
  static async open(nc: NatsConnection): Promise<CheckpointLog> {
    return new CheckpointLog(await jetstreamManager(nc, { checkAPI: false }));
  }

  async last(): Promise<StoredCheckpoint | undefined> {
    const message = await this.#manager.direct.getMessage(CHECKPOINT_STREAM, {
      last_by_subj: subjects.checkpoint(),
    });
    return message === null ? undefined : { seq: message.seq, text: message.string() };
  }

  async all(): Promise<StoredCheckpoint[]> {
    const found: StoredCheckpoint[] = [];
    for await (const message of storedMessages(this.#manager, CHECKPOINT_STREAM, subjects.checkpoint())) {
      found.push({ seq: message.seq, text: message.string() });
    }
    return found;
  }

  /** Stores it behind the checkpoint at `afterSeq` (0: as the first); `undefined` if another one stands there already. */
  async append(text: string, afterSeq: number): Promise<number | undefined> {
    try {
      const expect = { lastSubjectSequence: afterSeq };
      return (await this.#manager.jetstream().publish(subjects.checkpoint(), text, { expect })).seq;
    } catch (error) {
      if (error instanceof JetStreamApiError && WRONG_LAST_SEQUENCE.has(error.code)) return undefined;
      throw error;
    }
  }
}
