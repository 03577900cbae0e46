// `info.<device_id>`: what the active agent says of its device (spec §3.1).
import { hostname, release } from "node:os";
import type { NatsConnection } from "@nats-io/transport-node";
import { writeDeviceInfo } from "../link/documents.ts";
import { devicePlatform } from "../staging/platform.ts";
import type { Setup } from "./setup.ts";

export interface DeviceInfoKeeperOptions {
  readonly setup: Setup;
  readonly connection: () => NatsConnection | null;
}

export class DeviceInfoKeeper {
  readonly #options: DeviceInfoKeeperOptions;

  constructor(options: DeviceInfoKeeperOptions) {
    this.#options = options;
  }

  /** Writes it, if the link is up; a failure is logged, and made good at the next connect. */
  async write(): Promise<void> {
    const { setup, connection } = this.#options;
    const nc = connection();
    if (nc === null) return;
    const { self, config, log } = setup;
    try {
      await writeDeviceInfo(nc, {
        device_id: self.deviceId,
        instance_id: self.instanceId,
        current_version: self.version,
        platform: devicePlatform(),
        labels: config.labels,
        inventory: { hostname: hostname(), kernel: release(), node: process.version },
        updated_at: new Date().toISOString(),
      });
    } catch (error) {
      log.warn({ error: String(error) }, "the device's info cannot be written for the moment");
    }
  }
}
