// The artifact catalogue is the fold of the `artifact-published` events (spec §3.4).
import { BUCKETS, type LedgerEntry } from "@upgrade-ledger/contract";
import type { Projection } from "../projection.ts";
import { type CatalogueDocument, catalogueKeys } from "./document.ts";

export const catalogueProjection: Projection<CatalogueDocument> = {
  name: "catalogue",
  version: 1,
  bucket: BUCKETS.catalogue,
  keyFilter: catalogueKeys.all,
  checkpointKey: "_checkpoint",
  keyOf: ({ decoded }) =>
    decoded.kind === "event" && decoded.event.type === "artifact-published"
      ? catalogueKeys.artifact(decoded.event.artifact.version)
      : undefined,
  initial: (key) => ({
    version: key.slice(catalogueKeys.artifact("").length),
    artifacts: {},
    replaced: 0,
    valid_at_seq: 0,
  }),
  evolve,
  validAtSeq: (catalogue) => catalogue.valid_at_seq,
  takeDocuments: (catalogue) => [
    {
      key: catalogueKeys.artifact(catalogue.version),
      validAtSeq: catalogue.valid_at_seq,
      value: catalogue,
    },
  ],
  restore: (json): CatalogueDocument => JSON.parse(json),
};

function evolve(catalogue: CatalogueDocument, { seq, ledgerTime, decoded }: LedgerEntry): void {
  if (seq <= catalogue.valid_at_seq || decoded.kind !== "event") return;
  const { event } = decoded;
  if (event.type !== "artifact-published" || event.artifact.version !== catalogue.version) return;
  catalogue.valid_at_seq = seq;
  const { artifact, actor, reason, event_id: eventId } = event;
  const before = catalogue.artifacts[artifact.platform];
  if (before?.event_id === eventId) return;
  if (before !== undefined && before.artifact.sha256 !== artifact.sha256) catalogue.replaced += 1;
  catalogue.artifacts[artifact.platform] = {
    artifact,
    published_at: ledgerTime,
    seq,
    event_id: eventId,
    actor,
    reason,
  };
}
