// One instance's events on disk, in order, each in a file of its own: exactly the bytes that are published (spec §4, Outbox).
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { chainHash } from "@upgrade-ledger/ledger";
import { z } from "zod";
import { readIfThere, removeDurably, writeDurably } from "../files/durable-file.ts";
import { readJsonOr, writeJson } from "../files/json-file.ts";
import { syncFolder } from "../layout/durable.ts";
import { errnoOf } from "../layout/layout-error.ts";

export interface SpooledEvent {
  readonly sequence: number;
  readonly eventId: string;
  readonly data: Uint8Array;
}

/** How far an instance's chain has come. */
export interface Tail {
  readonly sequence: number;
  readonly hash: string | null;
}

const TailFile = z.object({ sequence: z.int().nonnegative(), hash: z.string().nullable() });
const WithId = z.looseObject({ event_id: z.string() });
const NAME = /^(\d{10})\.json$/;

export class Spool {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  get #tailFile(): string {
    return join(this.folder, "tail");
  }

  async create(): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
  }

  #file(sequence: number): string {
    return join(this.folder, `${String(sequence).padStart(10, "0")}.json`);
  }

  /** Writes the event; afterwards it is on the disk. */
  async add(sequence: number, data: Uint8Array): Promise<void> {
    await writeDurably(this.#file(sequence), data);
    await writeJson(this.#tailFile, { sequence, hash: chainHash(data) });
  }

  /** Sequences that wait to be delivered, in order. */
  async pending(): Promise<number[]> {
    const names = await readdir(this.folder).catch((error: unknown) => {
      if (errnoOf(error) === "ENOENT") return [];
      throw error;
    });
    return names
      .flatMap((name) => NAME.exec(name)?.[1] ?? [])
      .map(Number)
      .toSorted((a, b) => a - b);
  }

  async read(sequence: number): Promise<SpooledEvent | undefined> {
    const data = await readIfThere(this.#file(sequence));
    if (data === undefined) return undefined;
    return { sequence, data, eventId: WithId.parse(JSON.parse(data.toString("utf8"))).event_id };
  }

  /** The event is delivered, or will never be. */
  async remove(sequence: number): Promise<void> {
    await removeDurably(this.#file(sequence));
  }

  /** The same for many, with one sync. */
  async removeAll(sequences: readonly number[]): Promise<void> {
    for (const sequence of sequences) await rm(this.#file(sequence), { force: true });
    await syncFolder(this.folder);
  }

  /** The last event that the instance wrote, also when it died before it could note that. */
  async tail(): Promise<Tail> {
    const noted = (await readJsonOr(this.#tailFile, TailFile)) ?? { sequence: 0, hash: null };
    const last = (await this.pending()).at(-1) ?? 0;
    if (last <= noted.sequence) return noted;
    const data = await readIfThere(this.#file(last));
    return data === undefined ? noted : { sequence: last, hash: chainHash(data) };
  }

  async destroy(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
