// From an event to the bytes that are stored, and their hash.
import { hash } from "node:crypto";
import { describe, LedgerEvent, MAX_EVENT_BYTES } from "@upgrade-ledger/contract";

/** An event that must not be published: it breaks the contract's schema, or is larger than 64 KiB. */
export class InvalidEventError extends Error {
  override readonly name = "InvalidEventError";
  readonly code: "invalid" | "too_large";

  constructor(code: "invalid" | "too_large", message: string) {
    super(message);
    this.code = code;
  }
}

/** An event and the bytes as which it is published. */
export interface EncodedLedgerEvent {
  readonly event: LedgerEvent;
  readonly data: Uint8Array;
}

const utf8 = new TextEncoder();

/**
 * Validates a candidate strictly against the contract and encodes it: JSON with versions normalised (spec §3).
 *
 * @throws InvalidEventError with the fields named, or with the size
 */
export function encodeCandidate(type: string, candidate: unknown): EncodedLedgerEvent {
  const parsed = LedgerEvent.safeParse(candidate);
  if (!parsed.success) throw new InvalidEventError("invalid", `${type} event: ${describe(parsed.error)}`);
  const data = utf8.encode(JSON.stringify(parsed.data));
  if (data.length > MAX_EVENT_BYTES) {
    throw new InvalidEventError(
      "too_large",
      `${type} event: ${data.length} bytes, more than ${MAX_EVENT_BYTES}`,
    );
  }
  return { event: parsed.data, data };
}

/** The bytes of an event as they are published. @throws InvalidEventError as {@link encodeCandidate} */
export function encodeEvent(event: LedgerEvent): Uint8Array {
  return encodeCandidate(event.type, event).data;
}

/** What a later event's `prev_hash` says of these published bytes (spec §3.2, Chain). */
export function chainHash(data: Uint8Array): `sha256:${string}` {
  return `sha256:${hash("sha256", data, "hex")}`;
}
