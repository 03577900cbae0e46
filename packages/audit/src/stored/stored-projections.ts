// The projections as the projector has stored them, read without believing a word of them.
import { type JetStreamManager, jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { z } from "zod";
import { storedMessages } from "./stored-messages.ts";

export interface StoredDocument {
  /** Ledger sequence that the document says it is valid at. */
  readonly validAtSeq: number;
  readonly text: string;
}

export interface StoredProjection {
  /** Everything up to here is in the documents, says the projector; `undefined` if it has never run. */
  readonly checkpointSeq: number | undefined;
  readonly documents: ReadonlyMap<string, StoredDocument>;
}

/** Where a projection is stored. */
export interface ProjectionPlace {
  readonly bucket: string;
  readonly keyFilter: string;
  readonly checkpointKey: string;
}

/** Reads one projection. */
export type ReadProjection = (place: ProjectionPlace) => Promise<StoredProjection>;

const Checkpoint = z.object({ seq: z.int().nonnegative(), generation: z.int().nonnegative() });
const NONE: StoredProjection = { checkpointSeq: undefined, documents: new Map() };

/** Asks the server nothing yet. */
export async function storedProjections(nc: NatsConnection): Promise<ReadProjection> {
  const manager = await jetstreamManager(nc, { checkAPI: false });
  return (place) => readProjection(manager, place);
}

/** The checkpoint first: documents read after it are at least as new. */
async function readProjection(manager: JetStreamManager, place: ProjectionPlace): Promise<StoredProjection> {
  const stream = `KV_${place.bucket}`;
  const prefix = `$KV.${place.bucket}.`;
  const stored = await manager.direct.getMessage(stream, { last_by_subj: `${prefix}${place.checkpointKey}` });
  const checkpoint = stored === null ? undefined : checkpointIn(stored.string());
  if (checkpoint === undefined) return NONE;
  const documents = new Map<string, StoredDocument>();
  for await (const message of storedMessages(manager, stream, `${prefix}${place.keyFilter}`)) {
    const key = message.subject.slice(prefix.length);
    if (key.startsWith("_checkpoint")) continue;
    const generation = Number(message.header.get("Projection-Generation"));
    const isCurrent = generation === checkpoint.generation && !message.header.has("KV-Operation");
    // One of an earlier build is about to be replaced: it is as good as not there.
    if (!isCurrent) documents.delete(key);
    else {
      const validAtSeq = Number(message.header.get("Projection-Valid-At-Seq")) || 0;
      documents.set(key, { validAtSeq, text: message.string() });
    }
  }
  return { checkpointSeq: checkpoint.seq, documents };
}

function checkpointIn(text: string): z.infer<typeof Checkpoint> | undefined {
  try {
    return Checkpoint.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
