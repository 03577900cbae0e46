import { jetstreamManager, type JetStreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { BUCKETS } from "@upgrade-ledger/contract";
import { quarantineKeys, type QuarantineDocument, StoredHistory } from "@upgrade-ledger/projections";
import { parseDocument } from "./parse-documents.ts";

const decoder = new TextDecoder();

/** Reads documents that are too many to keep in memory, one by one, from the projections' buckets. */
export class StoredDocuments extends StoredHistory {
  readonly #manager: Promise<JetStreamManager>;

  constructor(nc: NatsConnection) {
    const manager = jetstreamManager(nc, { checkAPI: false });
    super(async (key) => {
      const data = await read(manager, BUCKETS.histories, key);
      return data === undefined ? undefined : decoder.decode(data);
    });
    this.#manager = manager;
  }

  async quarantinePage(page: number): Promise<QuarantineDocument | undefined> {
    const data = await read(this.#manager, BUCKETS.catalogue, quarantineKeys.page(page));
    return data === undefined ? undefined : parseDocument.quarantine(data);
  }
}

async function read(
  manager: Promise<JetStreamManager>,
  bucket: string,
  key: string,
): Promise<Uint8Array | undefined> {
  const { direct } = await manager;
  const message = await direct.getMessage(`KV_${bucket}`, { last_by_subj: `$KV.${bucket}.${key}` });
  return message === null || message.data.length === 0 ? undefined : message.data;
}
