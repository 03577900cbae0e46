// Where the device states begin: with what the projector has stored, if it is whole, else with nothing (spec §5).
import type { NatsConnection } from "@nats-io/transport-node";
import type { LedgerHead } from "@upgrade-ledger/ledger";
import type { DeviceDocument, Projection } from "@upgrade-ledger/projections";
import type { Logger } from "pino";
import { Bucket } from "../projector/bucket.ts";
import { type Checkpoint, parseCheckpoint } from "../projector/checkpoint.ts";
import { Digest } from "../projector/digest.ts";
import { documentOf, type StoredDocument } from "../projector/stored-document.ts";
import type { StartingPoint } from "./device-states.ts";

/** Reading is begun again when the projector moves on meanwhile; after so many times everything is folded instead. */
const TRIES = 5;

/**
 * The stored device documents with the sequence from which to go on. They are believed only if they are of this ledger and this
 * version of the projection, and their digest is the checkpoint's: after a power cut a checkpoint can survive states that it
 * covers. Whatever is wrong, the answer is to fold the ledger from its beginning, which is always right and only slower.
 */
export async function startingPoint(
  nc: NatsConnection,
  projection: Projection<DeviceDocument>,
  ledger: LedgerHead,
  log: Logger,
): Promise<StartingPoint> {
  const bucket = await Bucket.open(nc, projection.bucket, AbortSignal.timeout(30_000));
  for (let tried = 0; tried < TRIES; tried++) {
    const before = await readCheckpoint(bucket, projection);
    if (before.checkpoint === undefined || !fits(before.checkpoint, projection, ledger)) break;
    const { checkpoint } = before;
    const stored = new Map<string, StoredDocument>();
    await bucket.scan(projection.keyFilter, (value) => {
      if (!value.key.startsWith("_checkpoint")) stored.set(value.key, documentOf(value));
    });
    const after = await readCheckpoint(bucket, projection);
    if (after.revision !== before.revision) continue;
    const documents = [...stored.values()].filter(({ generation }) => generation === checkpoint.generation);
    if (!digestOf(documents, checkpoint).equals(checkpoint)) {
      log.warn("the stored device documents are not whole: folding the ledger from its beginning");
      break;
    }
    const states = documents
      .filter(({ role }) => role === "state")
      .map(({ key, data }) => [key, projection.restore(decoder.decode(data))] as const);
    return { states: new Map(states), seq: checkpoint.seq, created: ledger.created };
  }
  return { states: new Map(), seq: 0, created: ledger.created };
}

const decoder = new TextDecoder();

async function readCheckpoint(bucket: Bucket, projection: Projection<DeviceDocument>) {
  const value = await bucket.read(projection.checkpointKey);
  if (value === undefined) return { checkpoint: undefined, revision: 0 };
  return { checkpoint: parseCheckpoint(decoder.decode(value.data)), revision: value.revision };
}

function fits(checkpoint: Checkpoint, projection: Projection<DeviceDocument>, ledger: LedgerHead): boolean {
  return (
    checkpoint.stream_created === ledger.created &&
    checkpoint.seq <= ledger.lastSeq &&
    checkpoint.projection_version === projection.version
  );
}

/** As it was at the checkpoint: a document that has gone on since counts as what it was then. */
function digestOf(documents: readonly StoredDocument[], checkpoint: Checkpoint): Digest {
  const digest = new Digest();
  for (const { validAtSeq, covered, contribution } of documents) {
    digest.replace(null, validAtSeq > checkpoint.seq ? covered : contribution);
  }
  return digest;
}
