import { jetstreamManager, type JetStreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { BUCKETS } from "@upgrade-ledger/contract";
import {
  historyKeys,
  quarantineKeys,
  type HistoryDocument,
  type OlderPage,
  type QuarantineDocument,
  type RecordedEvent,
  type UpgradeRecord,
  type UpgradeSummary,
  type VersionInterval,
} from "@upgrade-ledger/projections";
import { parseDocument } from "./parse-documents.ts";

/** Reads documents that are too many to keep in memory, one by one, from the projections' buckets. */
export class StoredDocuments {
  readonly #manager: Promise<JetStreamManager>;

  constructor(nc: NatsConnection) {
    this.#manager = jetstreamManager(nc, { checkAPI: false });
  }

  async history(deviceId: string): Promise<HistoryDocument | undefined> {
    return this.#read(BUCKETS.histories, historyKeys.history(deviceId), parseDocument.history);
  }

  /** A device's version intervals, oldest first, with those of older pages. */
  async intervals(deviceId: string): Promise<VersionInterval[]> {
    const { history, older } = await this.#wholeHistory(deviceId);
    return [...older.flatMap((page) => page.intervals), ...(history?.intervals ?? [])];
  }

  /** A device's attempts in the order in which they were asked for, with those of older pages. */
  async upgrades(deviceId: string): Promise<UpgradeSummary[]> {
    const { history, older } = await this.#wholeHistory(deviceId);
    return [...older.flatMap((page) => page.upgrades), ...(history?.upgrades ?? [])];
  }

  async record(deviceId: string, upgradeId: string): Promise<UpgradeRecord | undefined> {
    return this.#read(BUCKETS.histories, historyKeys.record(deviceId, upgradeId), parseDocument.record);
  }

  /** The earlier events of a long attempt, which its record no longer holds. */
  async earlierEvents(record: UpgradeRecord): Promise<RecordedEvent[]> {
    const { device_id: deviceId, upgrade_id: upgradeId, event_pages: pages } = record;
    const read = await this.#pages(
      pages,
      (page) => historyKeys.recordPage(deviceId, upgradeId, page),
      parseDocument.events,
    );
    return read.flatMap((page) => page.events);
  }

  /** Every entry about a device that was understood or is of the future, in ledger order. */
  async events(deviceId: string): Promise<RecordedEvent[]> {
    const { history, older } = await this.#wholeHistory(deviceId);
    if (history === undefined) return [];
    const attempts = [...older.flatMap((page) => page.upgrades), ...history.upgrades];
    const records = await Promise.all(attempts.map(({ upgrade_id: id }) => this.record(deviceId, id)));
    const ofAttempts = await Promise.all(
      records.map(async (record) =>
        record === undefined ? [] : [...(await this.earlierEvents(record)), ...record.events],
      ),
    );
    const filled = history.outside.page - 1;
    const outside = await this.#pages(
      filled,
      (page) => historyKeys.eventPage(deviceId, page),
      parseDocument.events,
    );
    const all = [...ofAttempts.flat(), ...outside.flatMap((page) => page.events), ...history.outside.events];
    // A record may have been stored after the history was read; together they say what the history says.
    const { valid_at_seq: asOf } = history;
    return all.filter(({ seq }) => seq <= asOf).toSorted((a, b) => a.seq - b.seq);
  }

  async quarantinePage(page: number): Promise<QuarantineDocument | undefined> {
    return this.#read(BUCKETS.catalogue, quarantineKeys.page(page), parseDocument.quarantine);
  }

  async #wholeHistory(
    deviceId: string,
  ): Promise<{ history: HistoryDocument | undefined; older: OlderPage[] }> {
    const history = await this.history(deviceId);
    const older = await this.#pages(
      history?.older_pages ?? 0,
      (page) => historyKeys.olderPage(deviceId, page),
      parseDocument.older,
    );
    return { history, older };
  }

  /** Pages 1 to `count`, in their order. */
  async #pages<T>(
    count: number,
    keyOf: (page: number) => string,
    parse: (data: Uint8Array) => T,
  ): Promise<T[]> {
    const numbers = Array.from({ length: count }, (_, index) => index + 1);
    const pages = await Promise.all(numbers.map((page) => this.#read(BUCKETS.histories, keyOf(page), parse)));
    return pages.filter((page) => page !== undefined);
  }

  async #read<T>(bucket: string, key: string, parse: (data: Uint8Array) => T): Promise<T | undefined> {
    const manager = await this.#manager;
    const message = await manager.direct.getMessage(`KV_${bucket}`, { last_by_subj: `$KV.${bucket}.${key}` });
    if (message === null || message.data.length === 0) return undefined;
    return parse(message.data);
  }
}
