// A device's history put together from its documents, wherever they are kept: in KV, or folded in memory.
import {
  type EventPage,
  type HistoryDocument,
  historyKeys,
  type OlderPage,
  type RecordedEvent,
  type UpgradeRecord,
  type UpgradeSummary,
  type VersionInterval,
} from "../history/document.ts";

/** The JSON text of the document under a key of `upgrade-histories`; `undefined` if there is none. */
export type ReadHistoryText = (key: string) => Promise<string | undefined>;

export class StoredHistory {
  readonly #read: ReadHistoryText;

  constructor(read: ReadHistoryText) {
    this.#read = read;
  }

  async history(deviceId: string): Promise<HistoryDocument | undefined> {
    return parsed(await this.#read(historyKeys.history(deviceId)), (text): HistoryDocument =>
      JSON.parse(text),
    );
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
    const text = await this.#read(historyKeys.record(deviceId, upgradeId));
    return parsed(text, (json): UpgradeRecord => JSON.parse(json));
  }

  /** The earlier events of a long attempt, which its record no longer holds. */
  async earlierEvents(record: UpgradeRecord): Promise<RecordedEvent[]> {
    const { device_id: deviceId, upgrade_id: upgradeId, event_pages: pages } = record;
    return this.#events(pages, (page) => historyKeys.recordPage(deviceId, upgradeId, page));
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
    const outside = await this.#events(filled, (page) => historyKeys.eventPage(deviceId, page));
    const all = [...ofAttempts.flat(), ...outside, ...history.outside.events];
    // A record may have been stored after the history was read; together they say what the history says.
    const { valid_at_seq: asOf } = history;
    return all.filter(({ seq }) => seq <= asOf).toSorted((a, b) => a.seq - b.seq);
  }

  async #wholeHistory(
    deviceId: string,
  ): Promise<{ history: HistoryDocument | undefined; older: OlderPage[] }> {
    const history = await this.history(deviceId);
    const older = await this.#pages(
      history?.older_pages ?? 0,
      (page) => historyKeys.olderPage(deviceId, page),
      (text): OlderPage => JSON.parse(text),
    );
    return { history, older };
  }

  async #events(count: number, keyOf: (page: number) => string): Promise<RecordedEvent[]> {
    const pages = await this.#pages(count, keyOf, (text): EventPage => JSON.parse(text));
    return pages.flatMap((page) => page.events);
  }

  /** Pages 1 to `count`, in their order. */
  async #pages<T>(count: number, keyOf: (page: number) => string, parse: (text: string) => T): Promise<T[]> {
    const numbers = Array.from({ length: count }, (_, index) => index + 1);
    const pages = await Promise.all(
      numbers.map(async (page) => parsed(await this.#read(keyOf(page)), parse)),
    );
    return pages.filter((page) => page !== undefined);
  }
}

function parsed<T>(text: string | undefined, parse: (text: string) => T): T | undefined {
  return text === undefined ? undefined : parse(text);
}
