// Identities and settings for tests of the procedure.
import { EventId, UpgradeId, Version } from "@upgrade-ledger/contract";
import { stringify } from "uuid";
import type { Settings } from "../../src/core/index.ts";

export const SETTINGS: Settings = {
  upgradesEnabled: true,
  drainTimeoutMs: 60_000,
  stagingDeadlineMs: 60_000,
  stagingBackoffMs: { min: 1_000, max: 8_000 },
  selfTestTimeoutMs: 5_000,
  heartbeatTimeoutMs: 20_000,
  probationMs: 30_000,
  confirmTimeoutMs: 60_000,
  checkIntervalMs: 1_000,
};

let made = 0;
export function uuid(): string {
  made += 1;
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setUint32(12, made);
  bytes[6] = 0x70;
  bytes[8] = 0x80;
  return stringify(bytes);
}
export const newEvent = (): EventId => EventId.parse(uuid());
export const upgradeOf = (id: EventId): UpgradeId => UpgradeId.parse(id);
export const version = (text: string): Version => Version.parse(text);
