// Whether what a bucket holds can be gone on from, or must be rebuilt (spec §5).
import type { Bucket } from "./bucket.ts";
import { type Checkpoint, parseCheckpoint } from "./checkpoint.ts";
import { Digest } from "./digest.ts";
import { TakenOverError } from "./errors.ts";
import { documentOf, type StoredDocument } from "./stored-document.ts";

export interface ProjectionPlace {
  readonly name: string;
  readonly version: number;
  readonly keyFilter: string;
  readonly checkpointKey: string;
}

export interface LedgerPlace {
  readonly lastSeq: number;
  readonly created: string;
}

export type RebuildReason =
  | "no checkpoint"
  | "another ledger"
  | "the ledger is shorter"
  | "another projection version"
  | "the digest differs";

export interface Loaded {
  readonly checkpoint: Checkpoint;
  readonly checkpointRevision: number;
  /** Everything of the projection, without the documents' text where the fold need not go on from it. */
  readonly stored: readonly StoredDocument[];
  /** Why it starts from nothing; `undefined` when it goes on. `null`: there was nothing. */
  readonly rebuild: RebuildReason | null | undefined;
}

const NO_DATA = new Uint8Array();

/**
 * Reads everything and recomputes the digest. A rebuild begins by writing a checkpoint at 0 of another generation, which
 * also stops every other projector of this projection.
 *
 * @throws TakenOverError when another projector moves the checkpoint meanwhile
 */
export async function loadProjection(
  bucket: Bucket,
  projection: ProjectionPlace,
  ledger: LedgerPlace,
): Promise<Loaded> {
  const found = await readCheckpoint(bucket, projection.checkpointKey);
  const stored: StoredDocument[] = [];
  await bucket.scan(projection.keyFilter, (value) => {
    if (value.key.startsWith("_checkpoint")) return;
    stored.push({ ...documentOf(value), data: NO_DATA });
  });
  const again = await readCheckpoint(bucket, projection.checkpointKey);
  if (again.revision !== found.revision) {
    throw new TakenOverError(`another projector is moving ${projection.name}`);
  }
  const { checkpoint, revision } = found;
  if (checkpoint === undefined) {
    const reason = stored.length === 0 && revision === 0 ? null : "no checkpoint";
    return begin(bucket, projection, ledger, { stored, revision, reason, generation: 0 });
  }
  const reason = reasonToRebuild(checkpoint, projection, ledger, stored);
  const { generation } = checkpoint;
  if (reason !== undefined)
    return begin(bucket, projection, ledger, { stored, revision, reason, generation });
  return { checkpoint, checkpointRevision: revision, stored, rebuild: undefined };
}

async function readCheckpoint(bucket: Bucket, key: string) {
  const value = await bucket.read(key);
  if (value === undefined) return { checkpoint: undefined, revision: 0 };
  return { checkpoint: parseCheckpoint(new TextDecoder().decode(value.data)), revision: value.revision };
}

function reasonToRebuild(
  checkpoint: Checkpoint,
  projection: ProjectionPlace,
  ledger: LedgerPlace,
  stored: readonly StoredDocument[],
): RebuildReason | undefined {
  if (checkpoint.stream_created !== ledger.created) return "another ledger";
  if (checkpoint.seq > ledger.lastSeq) return "the ledger is shorter";
  if (checkpoint.projection_version !== projection.version) return "another projection version";
  return digestOf(stored, checkpoint).equals(checkpoint) ? undefined : "the digest differs";
}

/** The digest as it was at the checkpoint: a document that has gone on since counts as what it was then. */
function digestOf(stored: readonly StoredDocument[], checkpoint: Checkpoint): Digest {
  const latest = new Map(stored.map((document) => [document.key, document]));
  const digest = new Digest();
  for (const document of latest.values()) {
    if (document.generation !== checkpoint.generation) continue;
    const isAhead = document.validAtSeq > checkpoint.seq;
    digest.replace(null, isAhead ? document.covered : document.contribution);
  }
  return digest;
}

async function begin(
  bucket: Bucket,
  projection: ProjectionPlace,
  ledger: LedgerPlace,
  from: {
    readonly stored: readonly StoredDocument[];
    readonly revision: number;
    readonly reason: RebuildReason | null;
    readonly generation: number;
  },
): Promise<Loaded> {
  const latest = from.stored.reduce((most, document) => Math.max(most, document.generation), from.generation);
  const checkpoint: Checkpoint = {
    projection: projection.name,
    projection_version: projection.version,
    seq: 0,
    stream_created: ledger.created,
    generation: latest + 1,
    states: 0,
    digest: new Digest().hex,
  };
  const text = JSON.stringify(checkpoint);
  const revision = await bucket.write(projection.checkpointKey, text, undefined, from.revision);
  if (revision === undefined) throw new TakenOverError(`another projector begins ${projection.name}`);
  return { checkpoint, checkpointRevision: revision, stored: from.stored, rebuild: from.reason };
}
