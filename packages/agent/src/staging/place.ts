// The versioned path: what stands there already, and putting the checked file there (spec §4, Layout).
import { chmod, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { syncFile, syncFolder } from "../layout/durable.ts";
import type { Layout } from "../layout/layout.ts";
import { digestFile, type FileDigest } from "./digest.ts";
import { StagingError } from "./staging-error.ts";

/** Whether this device has ever run a version, as far as the agent knows. */
export type WasActive = (version: string) => boolean | Promise<boolean>;

export interface Occupant {
  readonly digest: FileDigest;
  /** Whether these are the wanted bytes. */
  readonly wanted: boolean;
}

interface Wanted {
  readonly layout: Layout;
  readonly version: string;
  readonly sha256: string;
  readonly wasActive: WasActive;
  readonly signal: AbortSignal;
}

/**
 * What stands at the versioned path, if anything.
 * @throws StagingError `version_conflict` when it is other bytes, and they were active: a version is for ever one file
 */
export async function findOccupant(wanted: Wanted): Promise<Occupant | undefined> {
  const { layout, version, sha256 } = wanted;
  const path = layout.versionedPath(version);
  const digest = await digestFile(path, wanted.signal);
  if (digest === undefined) return undefined;
  if (digest.sha256 === sha256) return { digest, wanted: true };
  if ((await layout.currentTarget()) === path || (await wanted.wasActive(version))) {
    throw new StagingError(
      "version_conflict",
      false,
      `${path} has run on this device with sha256 ${digest.sha256}; the artifact of the same version has ${sha256}`,
    );
  }
  return { digest, wanted: false };
}

/** Moves a file that was never active out of the way, to `….rejected-<sha8>`. */
export async function setAside(path: string, occupant: Occupant): Promise<void> {
  await rename(path, `${path}.rejected-${occupant.digest.sha256.slice(0, 8)}`);
}

/** Gives the checked file its mode and its name, and makes both reach the disk. */
export async function place(from: string, to: string): Promise<void> {
  await chmod(from, 0o755);
  await syncFile(from);
  await rename(from, to);
  await syncFolder(dirname(to));
}
