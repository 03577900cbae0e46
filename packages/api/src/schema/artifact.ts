import { Artifact, BareVersion, Platform, Reason } from "@upgrade-ledger/contract";
import { z } from "zod";
import { apiSchemas } from "./registry.ts";

export const PublishedArtifact = z
  .object({
    ...Artifact.shape,
    published_at: z.string(),
    published_by: z.string(),
    reason: z.string(),
    event_id: z.string(),
    seq: z.int(),
  })
  .register(apiSchemas, { id: "PublishedArtifact" });
export type PublishedArtifact = z.infer<typeof PublishedArtifact>;

export const VersionParams = z.object({ version: BareVersion });

export const ArtifactBody = z.strictObject({
  platform: Artifact.shape.platform,
  url: Artifact.shape.url,
  sha256: Artifact.shape.sha256,
  size_bytes: Artifact.shape.size_bytes,
  signature: Artifact.shape.signature,
  reason: Reason.default(""),
});

export const ArtifactAccepted = z
  .object({ artifact: Artifact, event_id: z.string(), ledger_seq: z.int() })
  .register(apiSchemas, { id: "ArtifactAccepted" });

export const ContentQuery = z.strictObject({
  platform: Platform,
  /** Announces the content's SHA-256; other content is refused. */
  sha256: Artifact.shape.sha256.optional(),
});

/** Content that the service now holds: what `url`, `sha256` and `size_bytes` of an artifact are to say. */
export const StoredContent = z
  .object({ url: z.string(), sha256: z.string(), size_bytes: z.int() })
  .register(apiSchemas, { id: "StoredContent" });
