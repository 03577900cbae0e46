// The ledger's stream seen through the JetStream API: its head, and consumers on it.
import {
  AckPolicy,
  type Consumer,
  type ConsumerConfig,
  type ConsumerInfo,
  DeliverPolicy,
  type JetStreamManager,
  jetstreamManager,
} from "@nats-io/jetstream";
import { nanos, type NatsConnection } from "@nats-io/transport-node";
import { LEDGER_STREAM, ledgerSubjectsOf } from "@upgrade-ledger/contract";
import { v4 } from "uuid";
import { requestFailure } from "../errors.ts";
import { cutToMilliseconds } from "./message.ts";
import { Reconnections } from "./reconnections.ts";

export interface LedgerHead {
  /** Sequence of the first event; 1 unless the ledger goes on from another one. */
  readonly firstSeq: number;
  /** Sequence of the last event; 0 (or `firstSeq` - 1) when there is none yet. */
  readonly lastSeq: number;
  /** Ledger time of the last event; `null` when there is none yet. */
  readonly lastTime: string | null;
  /** When the stream was made: another value means that it is another ledger, whose sequences mean something else. */
  readonly created: string;
}

/** Where a consumer begins. Only a first consumer begins at a time: one that is made again goes on at a sequence. */
export type Start = { readonly seq: number } | { readonly time: string };

/** A consumer that nobody reads any more is gone from the server after this, milliseconds. */
const INACTIVE_THRESHOLD_MS = 30_000;

/** The part of the JetStream API that reading needs (a device has no right to it). */
export class LedgerStream {
  readonly reconnections: Reconnections;
  readonly #manager: Promise<JetStreamManager>;

  constructor(nc: NatsConnection, timeoutMs: number) {
    this.reconnections = new Reconnections(nc);
    this.#manager = jetstreamManager(nc, { checkAPI: false, timeout: timeoutMs });
  }

  /** @throws LedgerUnavailableError, LedgerForbiddenError */
  async head(): Promise<LedgerHead> {
    const { state, created } = await this.#ask("reading the ledger's head", async (manager) =>
      manager.streams.info(LEDGER_STREAM),
    );
    return {
      firstSeq: Math.max(1, state.first_seq),
      lastSeq: state.last_seq,
      lastTime: state.messages === 0 ? null : cutToMilliseconds(state.last_ts),
      created,
    };
  }

  /**
   * Makes a consumer of this reader's own, held in memory and unacknowledged: the only state that counts is the last
   * sequence that the reader has.
   */
  async consumer(
    start: Start,
    deviceId: string | undefined,
  ): Promise<{ consumer: Consumer; info: ConsumerInfo }> {
    const config: Partial<ConsumerConfig> = {
      name: `reader-${v4()}`,
      ack_policy: AckPolicy.None,
      mem_storage: true,
      num_replicas: 1,
      inactive_threshold: nanos(INACTIVE_THRESHOLD_MS),
      ...("seq" in start
        ? { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: start.seq }
        : { deliver_policy: DeliverPolicy.StartTime, opt_start_time: start.time }),
      ...(deviceId === undefined ? {} : { filter_subjects: ledgerSubjectsOf(deviceId) }),
    };
    return this.#ask("making a consumer of the ledger", async (manager) => {
      const info = await manager.consumers.add(LEDGER_STREAM, config);
      return { info, consumer: manager.jetstream().consumers.getConsumerFromInfo(info) };
    });
  }

  async #ask<T>(what: string, ask: (manager: JetStreamManager) => Promise<T>): Promise<T> {
    try {
      return await ask(await this.#manager);
    } catch (error) {
      throw requestFailure(error, what);
    }
  }
}
