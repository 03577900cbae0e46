// The artifact catalogue: KV `upgrade-catalogue`, one document for each version, key `artifact.<version>` (spec §3.4).
import type { Artifact } from "@upgrade-ledger/contract";

export interface PublishedArtifact {
  artifact: Artifact;
  /** Ledger time. */
  published_at: string;
  seq: number;
  event_id: string;
  actor: string;
  reason: string;
}

export interface CatalogueDocument {
  version: string;
  /** The latest artifact of each platform, by platform name. */
  artifacts: Record<string, PublishedArtifact>;
  /** How often other bytes were published for a platform that already had some. */
  replaced: number;
  valid_at_seq: number;
}

export const catalogueKeys = {
  artifact: (version: string) => `artifact.${version}`,
  /** Filter for all artifact documents: versions hold dots. */
  all: "artifact.>",
} as const;
