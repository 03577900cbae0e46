import type { ApiContext } from "../context.ts";
import { presentDevice } from "../present/device.ts";
import type { DeviceRow } from "../present/device-filter.ts";
import type { FleetEntry } from "./fleet-index.ts";

/** About 1.3 kB each. */
const KEPT = 10_000;

interface Kept {
  readonly entry: FleetEntry;
  readonly revision: number;
  /** What the coordinator of this process said, which tells nobody when it changes its mind. */
  readonly withheld: string | undefined;
  readonly text: string;
}

/** Devices as JSON text, kept for as long as nothing of them changes. */
export class DeviceTexts {
  readonly #kept = new Map<string, Kept>();

  /** A device of the index. The index must have been brought up. */
  of(context: ApiContext, entry: FleetEntry): string {
    const { device } = entry.row;
    const before = this.#kept.get(device.device_id);
    const withheld =
      device.upgrade?.phase === "cutover-ready"
        ? context.withheldReasons(device.device_id)?.waitingFor
        : undefined;
    if (before?.entry === entry && before.withheld !== withheld) context.model.fleet.touch(entry);
    if (before?.entry === entry && before.revision === entry.revision) return before.text;
    const text = JSON.stringify(presentDevice(context, entry.row));
    this.#kept.delete(device.device_id);
    this.#kept.set(device.device_id, { entry, revision: entry.revision, withheld, text });
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > KEPT && oldest !== undefined) this.#kept.delete(oldest);
    return text;
  }

  /** A row of a list, which may have been replaced since the list was made. */
  ofRow(context: ApiContext, row: DeviceRow): string {
    const entry = context.model.fleet.get(row.device.device_id);
    return entry?.row === row ? this.of(context, entry) : JSON.stringify(presentDevice(context, row));
  }
}
