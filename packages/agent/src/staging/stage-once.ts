// One attempt to bring an artifact to its versioned path, checked in every way (spec §4, Staging).
import { chmod, mkdir, rm } from "node:fs/promises";
import { type Artifact, binaryName } from "@upgrade-ledger/contract";
import { errnoOf, LayoutError, layoutErrorFrom } from "../layout/layout-error.ts";
import type { Layout } from "../layout/layout.ts";
import { MinisignError } from "../minisign/minisign-error.ts";
import { type OpenedSignature, openMinisign } from "../minisign/verify.ts";
import { digestFile } from "./digest.ts";
import { requireFreeSpace } from "./free-space.ts";
import {
  appendStream,
  partialPath,
  type Progress,
  removeOtherPartials,
  resumableBytes,
} from "./partial-file.ts";
import { findOccupant, type Occupant, place, setAside, type WasActive } from "./place.ts";
import { requirePlatform } from "./platform.ts";
import type { ArtifactSources } from "./source.ts";
import { sourceFor } from "./sources.ts";
import { StagingError } from "./staging-error.ts";

export interface StageOptions {
  readonly artifact: Artifact;
  readonly layout: Layout;
  /** minisign public keys that may sign agents: base64 lines or whole `.pub` files. */
  readonly trustedKeys: readonly string[];
  readonly sources: ArtifactSources;
  readonly signal: AbortSignal;
  /** Called as bytes arrive; goes into heartbeats, never into the ledger. */
  readonly onProgress: (progress: Progress) => void;
  readonly wasActive: WasActive;
}

export interface Staged {
  readonly path: string;
  /** Hex. */
  readonly sha256: string;
  /** Key that signed it, as minisign prints it; `null` only for a version that the device had kept. */
  readonly keyId: string | null;
}

/**
 * One attempt. Platform, signature and room are checked before a byte is fetched; size, SHA-256 and the signed digest
 * after it, of the file as it is on disk. Then mode 0755, fsync, rename, fsync of the folder. Until then nothing but
 * a hidden temporary file has changed, which the next attempt resumes.
 *
 * @throws StagingError with `retryable`; the signal's reason when aborted
 */
export async function stageOnce(options: StageOptions): Promise<Staged> {
  const { artifact, layout, signal } = options;
  signal.throwIfAborted();
  const path = layout.versionedPath(artifact.version);
  try {
    requirePlatform(artifact.platform);
    const signature = openMinisign({
      signatureText: artifact.signature,
      trustedKeys: options.trustedKeys,
      expectedFileName: binaryName(artifact.version),
    });
    await mkdir(layout.binFolder, { recursive: true, mode: 0o755 });
    const occupant = await findOccupant({ ...options, version: artifact.version, sha256: artifact.sha256 });
    if (occupant?.wanted === true) await keepOccupant(path, occupant, signature);
    else await fetchAndPlace(options, path, signature, occupant);
    return { path, sha256: artifact.sha256, keyId: signature.keyId };
  } catch (error) {
    signal.throwIfAborted();
    throw stagingErrorFrom(error, `Staging ${path}`);
  }
}

/** The wanted bytes are there: nothing is fetched, and their signature counts as much as if they had been. */
async function keepOccupant(path: string, occupant: Occupant, signature: OpenedSignature): Promise<void> {
  signature.verifyDigest(occupant.digest.blake2b);
  await chmod(path, 0o755);
}

async function fetchAndPlace(
  options: StageOptions,
  path: string,
  signature: OpenedSignature,
  occupant: Occupant | undefined,
): Promise<void> {
  const { artifact, layout } = options;
  const partial = partialPath(path, artifact.sha256);
  await removeOtherPartials(partial);
  await requireFreeSpace(layout.binFolder, artifact.size_bytes);
  try {
    const { resumed } = await download(options, partial);
    await checkContent(options, partial, signature, resumed);
  } catch (error) {
    if (!isWorthKeeping(error)) await rm(partial, { force: true });
    throw error;
  }
  if (occupant !== undefined) await setAside(path, occupant);
  await place(partial, path);
}

async function download(options: StageOptions, partial: string): Promise<{ resumed: boolean }> {
  const { artifact, signal, sources, onProgress } = options;
  const sizeBytes = artifact.size_bytes;
  const offset = await resumableBytes(partial, sizeBytes);
  if (offset === sizeBytes) return { resumed: true };
  const url = new URL(artifact.url);
  const stream = await sourceFor(url, sources).open({ url, offset, sizeBytes, signal });
  await appendStream(partial, stream, sizeBytes, onProgress);
  return { resumed: stream.startsAt > 0 };
}

/** Wrong bytes after a resume may be a mixture of two files: that is worth one more attempt from the start. */
async function checkContent(
  options: StageOptions,
  partial: string,
  signature: OpenedSignature,
  resumed: boolean,
): Promise<void> {
  const { artifact } = options;
  const digest = await digestFile(partial, options.signal);
  if (digest === undefined) throw new StagingError("download_failed", true, `${partial} has disappeared`);
  if (digest.sha256 !== artifact.sha256) {
    throw new StagingError(
      "hash_mismatch",
      resumed,
      `${artifact.url} has sha256 ${digest.sha256}, the artifact says ${artifact.sha256}`,
    );
  }
  signature.verifyDigest(digest.blake2b);
}

/** A download that only broke off, or was called off, is resumed later. */
function isWorthKeeping(error: unknown): boolean {
  if (error instanceof StagingError) return error.code === "download_failed";
  return !(error instanceof MinisignError) && errnoOf(error) === undefined;
}

/** Every failure as one that says whether to try again; a broken disk or folder does not mend itself. */
export function stagingErrorFrom(error: unknown, doing: string): StagingError {
  if (error instanceof StagingError) return error;
  if (error instanceof MinisignError)
    return new StagingError(error.code, false, `${doing}: ${error.message}`, { cause: error });
  const layoutError = error instanceof LayoutError ? error : layoutErrorFrom(error, doing);
  return new StagingError(layoutError.code, false, layoutError.message, { cause: error });
}
