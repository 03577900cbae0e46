// Where an artifact's bytes come from (spec §4, Staging).

export interface SourceRequest {
  readonly url: URL;
  /** Bytes that are on disk already; a source that cannot resume starts at 0. */
  readonly offset: number;
  /** What the artifact says; a source that knows better refuses with `size_mismatch`. */
  readonly sizeBytes: number;
  readonly signal: AbortSignal;
}

export interface SourceStream {
  /** Offset of the first byte that {@link chunks} yields: the one asked for, or 0. */
  readonly startsAt: number;
  readonly chunks: AsyncIterable<Uint8Array>;
}

export interface ArtifactSource {
  /** @throws StagingError when the source refuses or breaks off, also while iterating; the signal's reason when aborted */
  open(request: SourceRequest): Promise<SourceStream>;
}

/** One source for each scheme of an artifact's URL. */
export interface ArtifactSources {
  readonly http: ArtifactSource;
  readonly file: ArtifactSource;
  readonly nats: ArtifactSource;
}
