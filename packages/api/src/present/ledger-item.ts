import type { Decoded } from "@upgrade-ledger/contract";
import { entryOf, type RawEntry } from "@upgrade-ledger/ledger";
import type { LedgerItem } from "../schema/event.ts";

/** One ledger message as it is listed. */
export function presentLedgerItem(raw: RawEntry): LedgerItem {
  const { seq, subject, ledgerTime, decoded } = entryOf(raw);
  const payload = payloadOf(raw.data);
  const common = {
    seq,
    subject,
    ledger_time: ledgerTime,
    kind: decoded.kind,
    device_id: decoded.deviceId ?? null,
    payload,
  };
  return { ...common, ...described(decoded, seq, payload) };
}

type Described = Pick<LedgerItem, "type" | "event_id" | "upgrade_id" | "occurred_at" | "detail">;

function described(decoded: Decoded, seq: number, payload: LedgerItem["payload"]): Described {
  switch (decoded.kind) {
    case "event": {
      const { type, event_id, upgrade_id, occurred_at } = decoded.event;
      return { type, event_id, upgrade_id: upgrade_id ?? null, occurred_at, detail: null };
    }
    case "unknown": {
      const { type, eventId } = decoded;
      return {
        type,
        event_id: eventId,
        upgrade_id: textOf(payload?.["upgrade_id"]),
        occurred_at: textOf(payload?.["occurred_at"]),
        detail: `schema version ${decoded.schemaVersion}: kept, and changes no state`,
      };
    }
    case "quarantined":
      return {
        type: "quarantined",
        event_id: `seq:${seq}`,
        upgrade_id: null,
        occurred_at: null,
        detail: `${decoded.code}: ${decoded.detail}`,
      };
  }
}

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function payloadOf(data: Uint8Array): LedgerItem["payload"] {
  try {
    const json: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(data));
    return typeof json === "object" && json !== null && !Array.isArray(json) ? { ...json } : null;
  } catch {
    return null;
  }
}
