// The active role: the process that holds its lock reconciles workloads and writes the device's info (spec §4, Who acts).
import type { Logger } from "pino";
import { RoleLock } from "../lock/role-lock.ts";
import type { DeviceInfoKeeper } from "./device-info-keeper.ts";
import type { WorkloadKeeper } from "./workload-keeper.ts";

export interface ActiveRoleOptions {
  readonly lockPath: string;
  readonly workloads: () => WorkloadKeeper;
  readonly info: () => DeviceInfoKeeper;
  readonly log: Logger;
}

export class ActiveRole {
  readonly #options: ActiveRoleOptions;
  readonly #lock: RoleLock;

  constructor(options: ActiveRoleOptions) {
    this.#options = options;
    this.#lock = new RoleLock(options.lockPath);
  }

  get held(): boolean {
    return this.#lock.held;
  }

  /** Takes the role or gives it away, as far as others let it. */
  async settle(wanted: boolean): Promise<void> {
    const { log, workloads } = this.#options;
    try {
      if (!(await this.#lock.settle(wanted))) return;
      const { held } = this.#lock;
      log.info({ active: held }, held ? "this agent is the active one" : "gave the active role away");
      if (!held) return;
      await workloads().refresh();
      workloads().kick();
      await this.#options.info().write();
    } catch (error) {
      log.warn({ error: String(error) }, "the role's lock cannot be settled for the moment");
    }
  }

  /** The broker is there again: what was asked for and what this device is may have changed meanwhile. */
  async catchUp(): Promise<void> {
    if (!this.held) return;
    await this.#options.workloads().refresh();
    await this.#options.info().write();
  }
}
