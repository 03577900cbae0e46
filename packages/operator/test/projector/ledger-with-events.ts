// A real server with a ledger in it, and what its projections must then hold.
import type { NatsConnection } from "@nats-io/transport-node";
import { BUCKETS, type LedgerEntry } from "@upgrade-ledger/contract";
import { ledgerOf } from "@upgrade-ledger/ledger";
import {
  catalogueProjection,
  deviceProjection,
  foldAll,
  historyProjection,
  quarantineProjection,
} from "@upgrade-ledger/projections";
import { type LedgerServer, startLedgerServer } from "@upgrade-ledger/testkit";
import pino from "pino";
import { Story, type StoredLine } from "../../../../projections/test/story.ts";
import { running, upgraded } from "../../../../projections/test/tales.ts";
import { Bucket } from "../../src/projector/bucket.ts";
import { inParallel } from "../../src/projector/pool.ts";

export const silent = pino({ level: "silent" });
export const DEVICES = ["pi-0001", "pi-0002", "pi-0003", "pi-0004", "pi-0005", "pi-0006"];

/** A server whose disk is not waited for, and connections that may write each kind of event. */
export class Scene {
  readonly server: LedgerServer;
  readonly #operator: NatsConnection;
  readonly #api: NatsConnection;
  readonly #devices = new Map<string, NatsConnection>();

  private constructor(server: LedgerServer, operator: NatsConnection, api: NatsConnection) {
    this.server = server;
    this.#operator = operator;
    this.#api = api;
  }

  static async open(devices: readonly string[] = DEVICES): Promise<Scene> {
    const server = await startLedgerServer({ syncInterval: "2m" });
    const scene = new Scene(server, await server.connect("operator"), await server.connect("api"));
    for (const device of devices) scene.#devices.set(device, await server.connectDevice(device));
    return scene;
  }

  /** A new connection for a projector. */
  async connect(): Promise<NatsConnection> {
    return this.server.connect("operator");
  }

  /** Stores the lines; those of one device stay in order. */
  async store(lines: readonly StoredLine[]): Promise<void> {
    for (const { subject, data } of lines) await this.#writerOf(subject).request(subject, data);
  }

  async storeAll(stories: readonly Story[]): Promise<void> {
    await inParallel(stories, stories.length, async (story) => this.store(story.lines));
  }

  async entries(): Promise<LedgerEntry[]> {
    const entries: LedgerEntry[] = [];
    for await (const entry of ledgerOf(this.#operator).read()) entries.push(entry);
    return entries;
  }

  async headSeq(): Promise<number> {
    return (await ledgerOf(this.#operator).head()).lastSeq;
  }

  /** All documents of all projections, `<bucket>/<key>`, as they are stored. */
  async stored(): Promise<Record<string, string>> {
    const documents: [string, string][] = [];
    for (const name of [BUCKETS.devices, BUCKETS.histories, BUCKETS.catalogue]) {
      const bucket = await this.bucket(name);
      await bucket.scan(">", ({ key, data, deleted }) => {
        if (!deleted && !key.startsWith("_"))
          documents.push([`${name}/${key}`, new TextDecoder().decode(data)]);
      });
    }
    return byKey(documents);
  }

  /** What they must be: the fold of the ledger from nothing. */
  async folded(): Promise<Record<string, string>> {
    const entries = await this.entries();
    return byKey([
      ...named(BUCKETS.devices, foldAll(deviceProjection, entries)),
      ...named(BUCKETS.histories, foldAll(historyProjection, entries)),
      ...named(BUCKETS.catalogue, foldAll(catalogueProjection, entries)),
      ...named(BUCKETS.catalogue, foldAll(quarantineProjection, entries)),
    ]);
  }

  async bucket(name: string): Promise<Bucket> {
    return Bucket.open(this.#operator, name, new AbortController().signal);
  }

  async close(): Promise<void> {
    await this.server.stop();
  }

  #writerOf(subject: string): NatsConnection {
    const [family = "", second = "", leaf] = subject.split(".");
    if (family === "device-state") return this.#devices.get(second) ?? this.#operator;
    const byApi =
      family === "fleet" || leaf === "desired-version" || leaf === "schedule" || leaf === "identity";
    return byApi ? this.#api : this.#operator;
  }
}

/** A device that is upgraded again and again, with a failure, garbage and repeats between. */
export function busyLife(device: string, rounds: number): Story {
  const story = new Story(device);
  let agent = running(story);
  for (let round = 0; round < rounds; round++) {
    ({ fresh: agent } = upgraded(story, agent, round % 2 === 0 ? "0.1.2" : "0.1.1"));
    const failing = story.asksFor("0.3.0");
    story.tell(agent, "failed", {}, { upgradeId: failing });
    story.repeat(story.seq);
    if (round % 3 === 0) story.store(`device-state.${device}.upgrade`, "not json");
    if (round % 4 === 0) story.tell(story.api, "artifact-published");
  }
  return story;
}

function named(bucket: string, documents: ReadonlyMap<string, string>): [string, string][] {
  return [...documents].map(([key, text]) => [`${bucket}/${key}`, text]);
}

function byKey(documents: readonly [string, string][]): Record<string, string> {
  return Object.fromEntries(documents.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
