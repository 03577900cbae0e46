// Making identifiers (spec §2, §3.2).
import { hash } from "node:crypto";
import { EventId, InstanceId } from "@upgrade-ledger/contract";
import { stringify, v7 } from "uuid";

/** A fresh event id: UUIDv7, later ones of one process sort after earlier ones. */
export function newEventId(): EventId {
  return EventId.parse(v7());
}

/** The id of one run of a program: UUIDv7, made once at process start (spec §2). */
export function newInstanceId(): InstanceId {
  return InstanceId.parse(v7());
}

const LENGTH_BYTES = 4;

/**
 * An event id made from what the event is about (UUIDv8, spec §3.2), so that two writers who say the same thing
 * say it under one id: the first 128 bits of a SHA-256 over the parts, each behind its length, less version and variant.
 * Parts are told apart by their lengths: `("ab", "c")` and `("a", "bc")` differ. Put the kind of event first.
 */
export function derivedEventId(...parts: readonly string[]): EventId {
  const encoded = parts.flatMap((part) => {
    const bytes = Buffer.from(part, "utf8");
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt32BE(bytes.length);
    return [length, bytes];
  });
  const id = hash("sha256", Buffer.concat(encoded), "buffer").subarray(0, 16);
  id.writeUInt8((id.readUInt8(6) & 0x0f) | 0x80, 6);
  id.writeUInt8((id.readUInt8(8) & 0x3f) | 0x80, 8);
  return EventId.parse(stringify(id));
}
