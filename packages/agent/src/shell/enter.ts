// How a process that has just been started finds its place: the only one of its version, driver, new instance, or nobody.
import { join } from "node:path";
import type { InstanceId, Version } from "@upgrade-ledger/contract";
import { bareVersion } from "@upgrade-ledger/contract";
import { type Entry, entryOf } from "../core/index.ts";
import type { Layout } from "../layout/layout.ts";
import { linkVersionOf } from "../layout/link-version.ts";
import { type FileLock, tryLock } from "../lock/file-lock.ts";
import { createMarkerStore, type StoredMemory } from "../marker/marker-store.ts";

export interface EnterOptions {
  readonly stateDir: string;
  readonly version: Version;
  readonly instanceId: InstanceId;
  readonly layout: Layout;
  /** How long a place that another process is about to leave is waited for. Default 3,000. */
  readonly patienceMs?: number;
  /** How long the link's version is waited for before another serves in its place. Default 15,000. */
  readonly yieldMs?: number;
}

export type Place =
  | {
      readonly kind: "serve";
      /** Held until the process ends. */
      readonly versionLock: FileLock;
      /** `null`: another process drives; this one is the new instance of its cutover. */
      readonly driverLock: FileLock | null;
      readonly memory: StoredMemory;
      readonly linkVersion: string | null;
    }
  | {
      readonly kind: "extra";
      readonly why: string;
      /** A cutover is open or on probation: a second process of its new version is what the symlink and the units make. */
      readonly inCutover: boolean;
    };

const LOOK_MS = 100;

/** The lock of the process that writes the marker. */
export function driverLockPath(stateDir: string): string {
  return join(stateDir, "run", "driver.lock");
}

/** Finds this process's place; waits a little for one that another is leaving. */
export async function enter(options: EnterOptions): Promise<Place> {
  const { stateDir, version, layout, patienceMs = 3_000, yieldMs = 15_000 } = options;
  const store = createMarkerStore(stateDir);
  const versionPath = join(stateDir, "run", `version-${bareVersion(version)}.lock`);
  const begun = performance.now();
  const since = (): number => performance.now() - begun;
  let versionLock = await tryLock(versionPath);
  for (; versionLock === null; versionLock = await tryLock(versionPath)) {
    if (since() >= patienceMs) {
      const { marker } = await store.read();
      return {
        kind: "extra",
        why: `another agent of version ${version} is alive on this device (state folder ${stateDir})`,
        inCutover: marker !== null,
      };
    }
    await pause(LOOK_MS);
  }
  for (;;) {
    const driverLock = await tryLock(driverLockPath(stateDir));
    const memory = await store.read();
    const linkVersion = await linkVersionOf(layout);
    const entry: Entry = entryOf(version, memory.marker, linkVersion, driverLock !== null);
    if (entry === "drive" || entry === "join" || (entry === "yield" && since() >= yieldMs)) {
      if (entry === "join") driverLock?.release();
      return {
        kind: "serve",
        versionLock,
        driverLock: entry === "join" ? null : driverLock,
        memory,
        linkVersion,
      };
    }
    driverLock?.release();
    if (entry === "extra" && since() >= patienceMs) {
      const why = `another agent serves this device, and no upgrade to ${version} is open`;
      return { kind: "extra", why, inCutover: true };
    }
    await pause(LOOK_MS);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
