// An event's place in its writer's chain, read without judging the rest of it: quickly, and also where the type is unknown.
import type { LedgerSubject } from "@upgrade-ledger/contract";
import type { RawEntry } from "@upgrade-ledger/ledger";

export interface ChainLink {
  /** Agents write on one side, the operator on the other: neither can write into a chain of the other. */
  readonly side: "agent" | "operator";
  /** From the subject, never from the payload; `undefined` for events about no device. */
  readonly deviceId: string | undefined;
  readonly role: string;
  readonly instanceId: string;
  readonly sequence: number;
  readonly prevHash: string | null;
  readonly payload: Payload;
}

export type Payload = Readonly<Record<string, unknown>>;

const HASH = /^sha256:[0-9a-f]{64}$/;
const utf8 = new TextDecoder();

/** `undefined` for what has no place in any chain: foreign events, garbage, and what was injected through an API's reply. */
export function linkOf(entry: RawEntry, subject: LedgerSubject): ChainLink | undefined {
  const payload = isInjected(entry) ? undefined : parse(entry.data);
  const writer = payload === undefined ? undefined : recordIn(payload, "writer");
  if (payload === undefined || writer === undefined) return undefined;
  const { role, instance_id: instanceId, sequence, prev_hash: prevHash } = writer;
  if (typeof role !== "string" || typeof instanceId !== "string" || typeof sequence !== "number")
    return undefined;
  if (!Number.isSafeInteger(sequence) || sequence < 1 || !isHashOrNull(prevHash)) return undefined;
  const side = subject.family === "device-state" ? "agent" : "operator";
  return { side, deviceId: subject.deviceId, role, instanceId, sequence, prevHash, payload };
}

/** Whether it carries a `Nats-Stream` header: then it is quarantined, whatever it says (spec §3.1). */
function isInjected({ headers }: RawEntry): boolean {
  return headers?.has("Nats-Stream") ?? false;
}

/** An object within an object. */
export function recordIn(payload: Payload, key: string): Payload | undefined {
  const value = payload[key];
  return isRecord(value) ? value : undefined;
}

export function isHashOrNull(value: unknown): value is string | null {
  return value === null || (typeof value === "string" && HASH.test(value));
}

function parse(data: Uint8Array): Payload | undefined {
  try {
    const json: unknown = JSON.parse(utf8.decode(data));
    return isRecord(json) ? json : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Payload {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
