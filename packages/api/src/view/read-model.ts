import type { NatsConnection } from "@nats-io/transport-node";
import { BUCKETS, DeviceInfo, keys } from "@upgrade-ledger/contract";
import {
  deviceProjection,
  historyProjection,
  quarantineKeys,
  type CatalogueDocument,
  type DeviceDocument,
  type QuarantineDocument,
} from "@upgrade-ledger/projections";
import type { FastifyBaseLogger } from "fastify";
import { BucketMirror, type BucketListener } from "./bucket-mirror.ts";
import { Heartbeats } from "./heartbeats.ts";
import { Progress } from "./progress.ts";
import { parseDocument } from "./parse-documents.ts";
import { StoredDocuments } from "./stored-documents.ts";

/** A device's document without what only the fold needs. */
export type KnownDevice = Omit<DeviceDocument, "bookkeeping">;

/** What the device's agent says of it in `device-info`; outside the ledger. */
export type DeviceLabels = Pick<DeviceInfo, "platform" | "labels">;

/** Their checkpoints tell how far all are: the projector stores every projection's documents before it moves these. */
const LEADING = [deviceProjection, historyProjection];
/** How long a stored document may take to reach us, milliseconds. */
const ON_ITS_WAY_MS = 1_000;
const ARTIFACT_KEY = "artifact.";

/**
 * What the API reads: current documents in memory, kept up from the projections' buckets; histories on demand.
 * It shares nothing with the projector but the broker, so the two may run in different processes.
 */
export class ReadModel {
  readonly devices = new Map<string, KnownDevice>();
  readonly labels = new Map<string, DeviceLabels>();
  readonly catalogue = new Map<string, CatalogueDocument>();
  quarantine: QuarantineDocument | undefined;
  readonly heartbeats: Heartbeats;
  readonly stored: StoredDocuments;
  readonly progress = new Progress(LEADING.map(({ name }) => name));
  /** Which device an upgrade is about. */
  readonly #deviceOf = new Map<string, string>();
  readonly #mirrors: BucketMirror[];
  readonly #catalogue: BucketMirror;

  constructor(nc: NatsConnection, log: FastifyBaseLogger, now: () => number) {
    this.heartbeats = new Heartbeats(nc, now);
    this.stored = new StoredDocuments(nc);
    const mirror = (bucket: string, listener: BucketListener): BucketMirror =>
      new BucketMirror({
        nc,
        bucket,
        listener,
        onInterrupted: (error) =>
          log.warn({ err: error, bucket }, "following a bucket broke off; beginning anew"),
      });
    this.#catalogue = mirror(BUCKETS.catalogue, this.#catalogueListener());
    this.#mirrors = [
      this.#catalogue,
      mirror(BUCKETS.devices, this.#devicesListener()),
      mirror(BUCKETS.deviceInfo, this.#labelsListener()),
      mirror(BUCKETS.histories, this.#historiesListener()),
    ];
  }

  /** Whether everything that was stored at the start is in memory. */
  get loaded(): boolean {
    return this.#mirrors.every((mirror) => mirror.loaded);
  }

  /** Loads what is stored, and follows it from then on. */
  async start(): Promise<void> {
    await Promise.all([this.heartbeats.start(), ...this.#mirrors.map((mirror) => mirror.start())]);
  }

  async stop(): Promise<void> {
    this.heartbeats.stop();
    await Promise.all(this.#mirrors.map((mirror) => mirror.stop()));
  }

  /** Whether every answer is of `seq` or later, waiting for it up to the given time. */
  async reached(seq: number, withinMs: number): Promise<boolean> {
    if (!(await this.progress.reached(seq, withinMs))) return false;
    // The catalogue and the quarantine are stored by now, but may still be on their way to us.
    return this.#catalogue.settled(Math.max(withinMs, ON_ITS_WAY_MS));
  }

  /** The device that an upgrade is about; `undefined` if there is no such upgrade. */
  deviceOfUpgrade(upgradeId: string): string | undefined {
    return this.#deviceOf.get(upgradeId);
  }

  /** Takes note of how far a projection has come. */
  #isCheckpoint(bucket: string, key: string, data: Uint8Array): boolean {
    const projection = LEADING.find((each) => each.bucket === bucket && each.checkpointKey === key);
    if (projection !== undefined) this.progress.checkpoint(projection.name, data);
    return projection !== undefined || key.startsWith("_");
  }

  #devicesListener(): BucketListener {
    return {
      put: (key, data) => {
        if (this.#isCheckpoint(BUCKETS.devices, key, data)) return;
        const { bookkeeping: _ofTheFold, ...device } = parseDocument.device(data);
        this.devices.set(key, device);
      },
      remove: (key) => void this.devices.delete(key),
    };
  }

  #labelsListener(): BucketListener {
    const prefix = keys.deviceInfo("");
    return {
      put: (key, data) => {
        if (!key.startsWith(prefix)) return;
        const info = readDeviceInfo(data);
        // An agent may write anything here. What cannot be read is as good as nothing.
        if (info === undefined) this.labels.delete(key.slice(prefix.length));
        else this.labels.set(key.slice(prefix.length), info);
      },
      remove: (key) => void this.labels.delete(key.slice(prefix.length)),
    };
  }

  #catalogueListener(): BucketListener {
    return {
      put: (key, data) => {
        if (this.#isCheckpoint(BUCKETS.catalogue, key, data)) return;
        if (key === quarantineKeys.head) this.quarantine = parseDocument.quarantine(data);
        if (!key.startsWith(ARTIFACT_KEY)) return;
        this.catalogue.set(key.slice(ARTIFACT_KEY.length), parseDocument.catalogue(data));
      },
      remove: (key) => void this.catalogue.delete(key.slice(ARTIFACT_KEY.length)),
    };
  }

  #historiesListener(): BucketListener {
    return {
      put: (key, data) => {
        if (this.#isCheckpoint(BUCKETS.histories, key, data)) return;
        const [deviceId, upgradeId, ...rest] = key.split(".");
        if (deviceId === undefined || upgradeId === undefined || rest.length > 0) return;
        this.#deviceOf.set(upgradeId, deviceId);
      },
      remove: (key) => void this.#deviceOf.delete(key.split(".")[1] ?? ""),
    };
  }
}

function readDeviceInfo(data: Uint8Array): DeviceLabels | undefined {
  try {
    const info = DeviceInfo.safeParse(JSON.parse(new TextDecoder().decode(data)));
    return info.success ? { platform: info.data.platform, labels: info.data.labels } : undefined;
  } catch {
    return undefined;
  }
}
