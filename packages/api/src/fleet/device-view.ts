import type { DeviceLabels } from "../view/read-model.ts";
import type { FleetRow } from "./fleet-row.ts";

export interface DeviceViewOptions {
  readonly fits: (row: FleetRow, labels: DeviceLabels | undefined) => boolean;
  readonly compare: (a: FleetRow, b: FleetRow) => number;
  readonly labelsOf: (deviceId: string) => DeviceLabels | undefined;
}

/** One filtered and sorted list, kept up: what has changed since it was last read is merged in when it is read again. */
export class DeviceView {
  readonly #options: DeviceViewOptions;
  #rows: readonly FleetRow[];
  readonly #changed = new Map<string, FleetRow>();
  #stale = false;

  /** `all`: every current row, best already in an order near to the wanted one. */
  constructor(all: readonly FleetRow[], options: DeviceViewOptions) {
    this.#options = options;
    this.#rows = all.filter((row) => this.#fits(row)).toSorted(options.compare);
  }

  put(row: FleetRow): void {
    this.#changed.set(row.device.device_id, row);
    this.#stale = true;
  }

  remove(deviceId: string): void {
    this.#changed.delete(deviceId);
    this.#stale = true;
  }

  /** A new array whenever anything in it has changed, so that it may be kept. */
  rows(): readonly FleetRow[] {
    if (this.#stale) this.#bringUp();
    return this.#rows;
  }

  #bringUp(): void {
    const added = [...this.#changed.values()].filter((row) => this.#fits(row));
    this.#changed.clear();
    this.#stale = false;
    const kept = this.#rows.filter(({ current }) => current);
    if (added.length === 0 && kept.length === this.#rows.length) return;
    this.#rows = merge(kept, added.toSorted(this.#options.compare), this.#options.compare);
  }

  #fits(row: FleetRow): boolean {
    return this.#options.fits(row, this.#options.labelsOf(row.device.device_id));
  }
}

/** Merges a short sorted list into a long one: each place is found by halving. */
function merge<T>(long: readonly T[], short: readonly T[], compare: (a: T, b: T) => number): T[] {
  const merged: T[] = [];
  let from = 0;
  for (const item of short) {
    const to = placeOf(item, long, from, compare);
    for (let index = from; index < to; index += 1) copy(long, index, merged);
    merged.push(item);
    from = to;
  }
  for (let index = from; index < long.length; index += 1) copy(long, index, merged);
  return merged;
}

function placeOf<T>(item: T, sorted: readonly T[], from: number, compare: (a: T, b: T) => number): number {
  let [low, high] = [from, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const there = sorted[middle];
    if (there !== undefined && compare(there, item) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function copy<T>(from: readonly T[], index: number, to: T[]): void {
  const item = from[index];
  if (item !== undefined) to.push(item);
}
