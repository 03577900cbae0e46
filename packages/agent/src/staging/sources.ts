import type { NatsConnection } from "@nats-io/transport-node";
import { createFileSource } from "./file-source.ts";
import { createHttpSource } from "./http-source.ts";
import { createObjectStoreSource } from "./object-store-source.ts";
import type { ArtifactSource, ArtifactSources } from "./source.ts";
import { StagingError } from "./staging-error.ts";

export interface SourcesOptions {
  /** The agent's connection; `null` while it has none, which makes an attempt over `nats:` fail, to be retried. */
  readonly connection: () => NatsConnection | null;
  /** A server that sends nothing for this long has failed, ms. Default 30,000. */
  readonly idleTimeoutMs?: number;
}

/** All sources an agent has. */
export function createSources(options: SourcesOptions): ArtifactSources {
  const idleTimeoutMs = options.idleTimeoutMs ?? 30_000;
  return {
    http: createHttpSource({ idleTimeoutMs }),
    file: createFileSource(),
    nats: createObjectStoreSource({ connection: options.connection, timeoutMs: idleTimeoutMs }),
  };
}

/** The source for an artifact's URL. @throws StagingError for a scheme that no source serves */
export function sourceFor(url: URL, sources: ArtifactSources): ArtifactSource {
  switch (url.protocol) {
    case "https:":
    case "http:":
      return sources.http;
    case "file:":
      return sources.file;
    case "nats:":
      return sources.nats;
    default:
      throw new StagingError("download_refused", false, `no source for ${url.protocol} URLs: ${url.href}`);
  }
}
