// KV device-info `desired.<device_id>`: the latest desired version, for readers of the ADR (spec §3.1).
import { DesiredInfo, keys, type LedgerEntry } from "@upgrade-ledger/contract";
import type { DeviceDocument } from "@upgrade-ledger/projections";
import type { Bucket } from "./bucket.ts";
import { inParallel } from "./pool.ts";

const WIDTH = 64;

/** Mirrors what the device projection folds. Nobody acts on it, so the newest simply wins. */
export class DesiredMirror {
  readonly #bucket: Bucket;
  readonly #waiting = new Map<string, DeviceDocument>();

  constructor(bucket: Bucket) {
    this.#bucket = bucket;
  }

  note(device: DeviceDocument, { decoded }: LedgerEntry): void {
    if (decoded.kind === "event" && decoded.event.type === "desired-version") {
      this.#waiting.set(device.device_id, device);
    }
  }

  async store(): Promise<void> {
    const devices = [...this.#waiting.values()];
    this.#waiting.clear();
    await inParallel(devices, WIDTH, async (device) => this.#write(device));
  }

  async #write(device: DeviceDocument): Promise<void> {
    const newest = device.queued ?? device.upgrade ?? device.last_upgrade;
    const document = DesiredInfo.parse({
      device_id: device.device_id,
      desired_version: device.desired_version,
      upgrade_id: newest?.upgrade_id ?? null,
      ledger_seq: device.last_command_seq,
    });
    const key = keys.desiredInfo(device.device_id);
    const text = JSON.stringify(document);
    let revision: number | undefined;
    while (revision === undefined) {
      const stored = await this.#bucket.read(key);
      if (stored !== undefined && new TextDecoder().decode(stored.data) === text) return;
      revision = await this.#bucket.write(key, text, undefined, stored?.revision ?? 0);
    }
  }
}
