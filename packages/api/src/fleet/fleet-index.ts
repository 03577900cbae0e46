import {
  addToFleet,
  emptyFleet,
  type FleetSummary,
  fleetReason,
  offlineAtMs,
  stalledAtMs,
  statusOf,
  summaryOf,
  takeFromFleet,
  type TimingSettings,
} from "@upgrade-ledger/projections";
import { deviceTest, type DeviceFilter } from "../present/device-filter.ts";
import { deviceOrder } from "../present/device-order.ts";
import { liveHeartbeat } from "../present/live-heartbeat.ts";
import { FORGOTTEN_AFTER_MS, type LastHeartbeat } from "../view/last-heartbeats.ts";
import type { DeviceLabels, KnownDevice } from "../view/read-model.ts";
import { DeviceView } from "./device-view.ts";
import { DueHeap } from "./due-heap.ts";
import type { FleetRow } from "./fleet-row.ts";

/** One device in the index. */
export interface FleetEntry {
  row: FleetRow;
  /** Counts every change, that of a heartbeat's time included. */
  revision: number;
  /** When it last changed in a way that no event of the ledger tells of, a heartbeat's time left out; always later than before. */
  changedAtMs: number;
  /** When time alone may change it next, by the heap. */
  dueAtMs: number;
  heartbeats: number;
}

export interface FleetIndexOptions {
  readonly now: () => number;
  readonly timings: TimingSettings;
  readonly liveOf: (deviceId: string, nowMs: number) => readonly LastHeartbeat[];
  readonly labelsOf: (deviceId: string) => DeviceLabels | undefined;
}

/** Lists that are kept up at the same time; the one that was asked for the longest ago goes. */
const VIEWS = 16;
const EVERYTHING = JSON.stringify([{}, "device_id"]);

/**
 * All devices with their status, kept up with every change instead of computed for every request. What time alone
 * changes (`offline`, `stalled`) is due at a moment that is known in advance, and is looked at when something is read.
 */
export class FleetIndex {
  readonly #options: FleetIndexOptions;
  readonly #entries = new Map<string, FleetEntry>();
  readonly #due = new DueHeap<FleetEntry>();
  readonly #counts = emptyFleet();
  readonly #views = new Map<string, DeviceView>();
  #nowMs = Number.NEGATIVE_INFINITY;
  #changedAtMs: number;

  constructor(options: FleetIndexOptions) {
    this.#options = options;
    this.#changedAtMs = options.now();
  }

  /** When a count last changed; always later than before. */
  get changedAtMs(): number {
    return this.#changedAtMs;
  }

  put(device: KnownDevice): void {
    const nowMs = this.#options.now();
    const entry = this.#entries.get(device.device_id);
    if (entry !== undefined) return this.#refresh(entry, device, nowMs);
    const found = this.#look(device, nowMs);
    const added: FleetEntry = {
      row: found.row,
      revision: 0,
      changedAtMs: nowMs,
      dueAtMs: Number.POSITIVE_INFINITY,
      heartbeats: found.heartbeats,
    };
    this.#entries.set(device.device_id, added);
    this.#count(found.row, 1, nowMs);
    for (const view of this.#views.values()) view.put(found.row);
    this.#schedule(added, found.dueAtMs);
  }

  remove(deviceId: string): void {
    const entry = this.#entries.get(deviceId);
    if (entry === undefined) return;
    this.#entries.delete(deviceId);
    entry.row.current = false;
    entry.dueAtMs = Number.NaN;
    this.#count(entry.row, -1, this.#options.now());
    for (const view of this.#views.values()) view.remove(deviceId);
  }

  /** A heartbeat came. `changed`: it says something else than the one before. */
  heard(deviceId: string, changed: boolean): void {
    const entry = this.#entries.get(deviceId);
    if (entry === undefined) return;
    const nowMs = this.#options.now();
    if (changed) touch(entry, nowMs);
    this.#refresh(entry, entry.row.device, nowMs);
  }

  relabelled(deviceId: string): void {
    const entry = this.#entries.get(deviceId);
    if (entry === undefined) return;
    touch(entry, this.#options.now());
    this.#replace(entry, { ...entry.row });
  }

  /** Takes note of something about the device that this index does not know, such as what its upgrade waits for. */
  touch(entry: FleetEntry): void {
    touch(entry, this.#options.now());
  }

  /** Brings it up to this moment: to be called before a read. */
  bringUp(): void {
    const nowMs = this.#options.now();
    if (nowMs < this.#nowMs) {
      // The clock was set back, which no heap can undo.
      for (const entry of this.#entries.values()) this.#refresh(entry, entry.row.device, nowMs);
    }
    this.#nowMs = nowMs;
    for (let due = this.#due.takeBefore(nowMs); due !== undefined; due = this.#due.takeBefore(nowMs)) {
      const entry = due.what;
      if (entry.dueAtMs !== due.atMs) continue;
      entry.dueAtMs = Number.POSITIVE_INFINITY;
      this.#refresh(entry, entry.row.device, nowMs);
    }
  }

  get(deviceId: string): FleetEntry | undefined {
    return this.#entries.get(deviceId);
  }

  summary(): FleetSummary {
    return summaryOf(this.#counts);
  }

  /** The devices that fit, sorted. The array stays as it is. */
  select(filter: DeviceFilter, sort: string): readonly FleetRow[] {
    const key = JSON.stringify([filter, sort]);
    const view = this.#views.get(key) ?? this.#newView(key, filter, sort);
    // The one that was asked for last is the last to go.
    this.#views.delete(key);
    this.#views.set(key, view);
    const oldest = [...this.#views.keys()].find((each) => each !== EVERYTHING);
    if (this.#views.size > VIEWS && oldest !== undefined) this.#views.delete(oldest);
    return view.rows();
  }

  #newView(key: string, filter: DeviceFilter, sort: string): DeviceView {
    // Sorting what is in the order of the ids takes less than sorting what is in none.
    const all =
      key === EVERYTHING ? [...this.#entries.values()].map(({ row }) => row) : this.select({}, "device_id");
    const { labelsOf } = this.#options;
    return new DeviceView(all, { fits: deviceTest(filter), compare: deviceOrder(sort), labelsOf });
  }

  #look(device: KnownDevice, nowMs: number) {
    const { timings, liveOf } = this.#options;
    const live = liveOf(device.device_id, nowMs).map(liveHeartbeat);
    const status = statusOf(device, live, nowMs, timings);
    const reason = fleetReason(device, status, nowMs, timings);
    const moments = [
      offlineAtMs(live, timings),
      ...live.map((each) => each.received_at_ms + FORGOTTEN_AFTER_MS),
    ];
    if (device.upgrade !== null) moments.push(stalledAtMs(device.upgrade, timings));
    const dueAtMs = Math.min(Number.POSITIVE_INFINITY, ...moments.filter((moment) => moment >= nowMs));
    const row: FleetRow = { device, status, reason, current: true };
    return { row, dueAtMs, heartbeats: live.length };
  }

  #refresh(entry: FleetEntry, device: KnownDevice, nowMs: number): void {
    const { row, dueAtMs, heartbeats } = this.#look(device, nowMs);
    const before = entry.row;
    entry.revision += 1;
    const same = row.status === before.status && row.reason === before.reason;
    if (!same || heartbeats !== entry.heartbeats) touch(entry, nowMs);
    entry.heartbeats = heartbeats;
    if (!same || device !== before.device) {
      this.#count(before, -1, nowMs);
      this.#count(row, 1, nowMs);
      this.#replace(entry, row);
    }
    this.#schedule(entry, dueAtMs);
  }

  #replace(entry: FleetEntry, row: FleetRow): void {
    entry.row.current = false;
    entry.row = row;
    for (const view of this.#views.values()) view.put(row);
  }

  /** Only what is due earlier than before needs a place in the heap; what is due later is looked at once more in vain. */
  #schedule(entry: FleetEntry, dueAtMs: number): void {
    if (!(dueAtMs < entry.dueAtMs)) return;
    entry.dueAtMs = dueAtMs;
    this.#due.add(dueAtMs, entry);
  }

  #count({ device, status, reason }: FleetRow, by: 1 | -1, nowMs: number): void {
    if (by === 1) addToFleet(this.#counts, device, status, reason);
    else takeFromFleet(this.#counts, device, status, reason);
    this.#changedAtMs = Math.max(nowMs, this.#changedAtMs + 1);
  }
}

function touch(entry: FleetEntry, nowMs: number): void {
  entry.revision += 1;
  entry.changedAtMs = Math.max(nowMs, entry.changedAtMs + 1);
}
