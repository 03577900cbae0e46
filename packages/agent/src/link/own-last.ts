// What the device itself wrote to the ledger last: asked when its own memory is lost (spec §4, Marker).
import type { NatsConnection } from "@nats-io/transport-node";
import { type DeviceId, subjects } from "@upgrade-ledger/contract";
import { ledgerOf } from "@upgrade-ledger/ledger";
import type { OwnLast } from "../core/index.ts";

const TERMINAL: ReadonlySet<string> = new Set(["done", "failed", "superseded"]);

/** @throws LedgerUnavailableError, LedgerForbiddenError */
export async function readOwnLast(nc: NatsConnection, deviceId: DeviceId): Promise<OwnLast | null> {
  const entry = await ledgerOf(nc).lastOn(subjects.deviceState(deviceId));
  if (entry === undefined) return null;
  const { decoded, seq } = entry;
  if (decoded.kind !== "event" || !("upgrade_id" in decoded.event))
    return { seq, upgradeId: null, terminal: false };
  const { upgrade_id: upgradeId, type } = decoded.event;
  return { seq, upgradeId: upgradeId ?? null, terminal: TERMINAL.has(type) };
}
