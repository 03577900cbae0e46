// Events go to disk first, then to the broker, in order (spec §4, Outbox; G4).
import { open, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { DeviceId, EventId, InstanceId, Version } from "@upgrade-ledger/contract";
import { Chain, newEventId } from "@upgrade-ledger/ledger";
import { z } from "zod";
import type { EventDraft } from "../core/index.ts";
import { readJsonOr, writeJson } from "../files/json-file.ts";
import { errnoOf } from "../layout/layout-error.ts";
import { tryLock } from "../lock/file-lock.ts";
import { Spool, type Tail } from "./spool.ts";

export interface OutboxOptions {
  readonly stateDir: string;
  readonly deviceId: DeviceId;
  readonly instanceId: InstanceId;
  readonly version: Version;
}

const LastWriter = z.object({ instance_id: z.string() });
/** Spools of dead instances that are kept, because the next instance cites the last event in them. */
const KEPT_SPOOLS = 8;

export class Outbox {
  readonly #options: OutboxOptions;
  readonly #folder: string;
  readonly #own: Spool;
  #chain: Chain | undefined;
  /** Called when there is something new to deliver. */
  onAppended: () => void = () => undefined;

  private constructor(options: OutboxOptions) {
    this.#options = options;
    this.#folder = join(options.stateDir, "outbox");
    this.#own = new Spool(join(this.#folder, options.instanceId));
  }

  /** Opens this instance's spool and locks it, so that no other agent delivers from it while this process lives. */
  static async open(options: OutboxOptions): Promise<Outbox> {
    const outbox = new Outbox(options);
    await outbox.#own.create();
    const lock = await tryLock(join(outbox.#own.folder, "lock"));
    if (lock === null) throw new Error(`Another process writes to ${outbox.#own.folder}`);
    await outbox.#prune();
    return outbox;
  }

  get own(): Spool {
    return this.#own;
  }

  /**
   * Writes the event to disk with its place in the chain. Answers when it is there to stay.
   * @param onceAs id of an event that is written once on this device, however often it is asked for
   */
  async append(draft: EventDraft, onceAs: EventId | null = null): Promise<void> {
    if (onceAs !== null && (await this.wasWritten(onceAs))) return;
    const chain = (this.#chain ??= await this.#startChain());
    const sealed = chain.next(draft, {
      eventId: onceAs ?? newEventId(),
      occurredAt: new Date().toISOString(),
    });
    await this.#own.add(sealed.sequence, sealed.data);
    chain.commit(sealed);
    if (sealed.sequence === 1) {
      await writeJson(join(this.#folder, "last-writer.json"), { instance_id: this.#options.instanceId });
    }
    if (onceAs !== null) await this.noteWritten(onceAs);
    this.onAppended();
  }

  /** The last event of another instance of this device. */
  tailOf(instanceId: string): Promise<Tail> {
    return new Spool(join(this.#folder, instanceId)).tail();
  }

  /** Spools of other instances that have something to deliver, oldest instance first. */
  async others(): Promise<Spool[]> {
    const spools = (await this.#instances())
      .filter((name) => name !== this.#options.instanceId)
      .map((name) => new Spool(join(this.#folder, name)));
    const waiting = await Promise.all(spools.map(async (spool) => (await spool.pending()).length > 0));
    return spools.filter((_, index) => waiting[index]);
  }

  /** Remembers an event that is written once per device beyond the life of its spool file. */
  async noteWritten(eventId: string): Promise<void> {
    const spool = new Spool(join(this.#folder, "written"));
    await spool.create();
    const handle = await open(join(spool.folder, eventId), "w", 0o600);
    await handle.sync();
    await handle.close();
  }

  /** Whether an event that is written once per device has been written. */
  async wasWritten(eventId: string): Promise<boolean> {
    const noted = await stat(join(this.#folder, "written", eventId)).catch((error: unknown) => {
      if (errnoOf(error) === "ENOENT") return undefined;
      throw error;
    });
    if (noted !== undefined) return true;
    for (const spool of [this.#own, ...(await this.others())]) {
      for (const sequence of await spool.pending()) {
        if ((await spool.read(sequence))?.eventId === eventId) return true;
      }
    }
    return false;
  }

  /** The first event of an instance carries the hash of the last one that this device wrote (spec §3.2, Chain). */
  async #startChain(): Promise<Chain> {
    const last = await readJsonOr(join(this.#folder, "last-writer.json"), LastWriter);
    const before = last === undefined ? null : (await this.tailOf(last.instance_id)).hash;
    const { instanceId, version, deviceId } = this.#options;
    return new Chain({ role: "agent", instanceId, version }, deviceId, { sequence: 0, prevHash: before });
  }

  async #instances(): Promise<string[]> {
    const entries = await readdir(this.#folder, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory() && entry.name !== "written")
      .map((entry) => entry.name)
      .toSorted();
  }

  /** Removes what is delivered of instances long gone. */
  async #prune(): Promise<void> {
    const old = (await this.#instances()).slice(0, -KEPT_SPOOLS);
    for (const name of old) {
      const spool = new Spool(join(this.#folder, name));
      if ((await spool.pending()).length > 0) continue;
      const lock = await tryLock(join(spool.folder, "lock"));
      if (lock === null) continue;
      await spool.destroy();
      lock.release();
    }
  }
}
