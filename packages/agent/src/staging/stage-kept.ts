// Going back to a version that the device has run and kept: there is nothing to fetch (spec §3.2, §4).
import type { Layout } from "../layout/layout.ts";
import { digestFile } from "./digest.ts";
import type { WasActive } from "./place.ts";
import type { Staged } from "./stage-once.ts";
import { stagingErrorFrom } from "./stage-once.ts";
import { StagingError } from "./staging-error.ts";

export interface StageKeptOptions {
  readonly version: string;
  readonly layout: Layout;
  readonly wasActive: WasActive;
  readonly signal: AbortSignal;
}

/**
 * The kept binary of a version, for a desired version without an artifact.
 * @throws StagingError `artifact_missing` when the file is not there, or was never active here (nothing vouches for it);
 * the signal's reason when aborted
 */
export async function stageKept(options: StageKeptOptions): Promise<Staged> {
  const { version, layout, signal } = options;
  const path = layout.versionedPath(version);
  try {
    const digest = await digestFile(path, signal);
    if (digest === undefined)
      throw new StagingError(
        "artifact_missing",
        false,
        `no artifact was given, and ${path} is not on this device`,
      );
    if (!(await options.wasActive(version)))
      throw new StagingError(
        "artifact_missing",
        false,
        `no artifact was given, and ${path} has never run on this device: nothing vouches for it`,
      );
    return { path, sha256: digest.sha256, keyId: null };
  } catch (error) {
    signal.throwIfAborted();
    throw stagingErrorFrom(error, `Going back to ${path}`);
  }
}
