// What the procedure needs to know that never changes while a process lives.
import type { DeviceId, InstanceId, Version } from "@upgrade-ledger/contract";

/** Times of the procedure, milliseconds (spec §4, defaults). */
export interface Settings {
  readonly upgradesEnabled: boolean;
  readonly drainTimeoutMs: number;
  readonly stagingDeadlineMs: number;
  readonly stagingBackoffMs: { readonly min: number; readonly max: number };
  readonly selfTestTimeoutMs: number;
  readonly heartbeatTimeoutMs: number;
  readonly probationMs: number;
  readonly confirmTimeoutMs: number;
  /** How often the supervisor and the old process are looked at in a cutover. */
  readonly checkIntervalMs: number;
}

/** This process. */
export interface Self {
  readonly deviceId: DeviceId;
  readonly instanceId: InstanceId;
  /** As compiled in, with its build metadata. */
  readonly version: Version;
}

/** The name of the transient service in which a version is started beside the old one (spec §4, Cutover). */
export function transientUnit(version: string): string {
  return `fleet-agent-v${version.replace(/\+.*$/, "")}`;
}
