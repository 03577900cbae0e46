// What the projector writes beside each document, and reads back (spec §5).
import { headers, type MsgHdrs } from "@nats-io/transport-node";
import type { StoredValue } from "./bucket.ts";
import { type Contribution, contributionOf } from "./digest.ts";

const HEADER = {
  generation: "Projection-Generation",
  validAtSeq: "Projection-Valid-At-Seq",
  /** What the key added to the digest of the last checkpoint: until the next one, that is what counts. */
  covered: "Projection-Covered",
  role: "Projection-Role",
} as const;

/** `state`: what the fold goes on from; `view`: made from a state, and made again with it. */
export type DocumentRole = "state" | "view";

export interface DocumentNote {
  readonly generation: number;
  readonly validAtSeq: number;
  readonly covered: Contribution | null;
  readonly role: DocumentRole;
}

export interface StoredDocument extends DocumentNote {
  readonly key: string;
  readonly revision: number;
  readonly contribution: Contribution;
  readonly data: Uint8Array;
  readonly deleted: boolean;
}

export function headersOf(note: DocumentNote): MsgHdrs {
  const all = headers();
  all.set(HEADER.generation, String(note.generation));
  all.set(HEADER.validAtSeq, String(note.validAtSeq));
  all.set(HEADER.role, note.role);
  if (note.covered !== null) all.set(HEADER.covered, note.covered.toString("hex"));
  return all;
}

/** What marks a key as deleted, for every KV client. */
export function deletion(): MsgHdrs {
  const all = headers();
  all.set("KV-Operation", "DEL");
  return all;
}

/** A stored value as a document; one that is not ours, or deleted, counts as of generation 0. */
export function documentOf(value: StoredValue): StoredDocument {
  const validAtSeq = Number(value.headers.get(HEADER.validAtSeq)) || 0;
  const generation = value.deleted ? 0 : Number(value.headers.get(HEADER.generation)) || 0;
  const covered = value.headers.get(HEADER.covered);
  return {
    key: value.key,
    revision: value.revision,
    data: value.data,
    deleted: value.deleted,
    generation,
    validAtSeq,
    covered: covered === "" ? null : Buffer.from(covered, "hex"),
    role: value.headers.get(HEADER.role) === "view" ? "view" : "state",
    contribution: contributionOf(value.key, validAtSeq, value.data),
  };
}
