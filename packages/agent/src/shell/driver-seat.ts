// The driver's place: whoever holds its lock writes the marker. The new instance takes it when the old one is gone (spec §4).
import { ChainHash, InstanceId } from "@upgrade-ledger/contract";
import { entryOf, type Happening, mayTakeOver } from "../core/index.ts";
import { type FileLock, tryLock } from "../lock/file-lock.ts";
import type { StoredMemory } from "../marker/marker-store.ts";
import type { Outbox } from "../outbox/outbox.ts";
import { linkVersionOf } from "../layout/link-version.ts";
import type { Setup } from "./setup.ts";

export interface DriverSeatOptions {
  readonly setup: Setup;
  readonly outbox: Outbox;
  readonly give: (happening: Happening) => void;
}

export class DriverSeat {
  readonly #options: DriverSeatOptions;
  #lock: FileLock | null;
  #checking = false;

  constructor(options: DriverSeatOptions) {
    this.#options = options;
    this.#lock = options.setup.driverLock;
  }

  /** Looks whether the driver is gone, and if so takes its place and reports `old-gone`. */
  check(oldInstance: InstanceId): void {
    if (this.#checking) return;
    this.#checking = true;
    void this.#check(oldInstance)
      .catch((error: unknown) => {
        this.#options.setup.log.warn(
          { error: String(error) },
          "cannot look after the old agent for the moment",
        );
      })
      .finally(() => {
        this.#checking = false;
      });
  }

  async #check(oldInstance: InstanceId): Promise<void> {
    const { setup, give } = this.#options;
    const lock = this.#lock ?? (await tryLock(setup.paths.driverLock));
    const memory = await setup.store.read();
    const linkVersion = await linkVersionOf(setup.layout);
    if (lock === null) {
      const entry = entryOf(setup.self.version, memory.marker, linkVersion, false);
      if (entry === "extra") give({ kind: "extra" });
      return;
    }
    if (this.#lock === null && !mayTakeOver(setup.self.version, memory.marker, linkVersion))
      return lock.release();
    this.#lock = lock;
    await this.#reportGone(memory.marker?.upgrade.old_instance ?? oldInstance, memory, linkVersion);
  }

  async #reportGone(instanceId: InstanceId, memory: StoredMemory, linkVersion: string | null): Promise<void> {
    const { outbox, give } = this.#options;
    const { sequence, hash } = await outbox.tailOf(instanceId);
    give({
      kind: "old-gone",
      instanceId,
      marker: memory.marker,
      attempts: memory.attempts,
      linkVersion,
      tail: {
        instance_id: InstanceId.parse(instanceId),
        last_sequence: sequence,
        last_hash: hash === null ? null : ChainHash.parse(hash),
      },
    });
  }
}
