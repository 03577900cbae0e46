// The hashes of a Merkle tree as RFC 6962 §2.1 defines them.
import { hash } from "node:crypto";

export const HASH_BYTES = 32;
const LEAF_PREFIX = 0x00;
const NODE_PREFIX = 0x01;

const node = Buffer.alloc(1 + 2 * HASH_BYTES);
node.writeUInt8(NODE_PREFIX);

/** Through a string: Node hands out buffers of its own at twice the price. */
function sha256(data: Uint8Array): Buffer {
  return Buffer.from(hash("sha256", data, "binary"), "binary");
}

/** The root of a tree without leaves. */
export const EMPTY_ROOT: Buffer = sha256(Buffer.alloc(0));

/** The hash of an inner node. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  node.set(left, 1);
  node.set(right, 1 + HASH_BYTES);
  return sha256(node);
}

/** The hash of a leaf with these bytes. */
export function leafHash(data: Uint8Array): Buffer {
  const prefixed = Buffer.allocUnsafe(1 + data.length);
  prefixed.writeUInt8(LEAF_PREFIX);
  prefixed.set(data, 1);
  return sha256(prefixed);
}

const SEQUENCE_BYTES = 8;
const LENGTH_BYTES = 2;
let scratch = Buffer.alloc(128 * 1024);

/**
 * The hash of a stored ledger message as a leaf: 8 bytes of sequence, 2 bytes of the subject's length (both big-endian),
 * the subject, the payload (docs/verify.md).
 */
export function entryLeafHash(entry: {
  readonly seq: number;
  readonly subject: string;
  readonly data: Uint8Array;
}): Buffer {
  const subjectBytes = Buffer.byteLength(entry.subject);
  const subjectAt = 1 + SEQUENCE_BYTES + LENGTH_BYTES;
  const length = subjectAt + subjectBytes + entry.data.length;
  if (length > scratch.length) scratch = Buffer.alloc(2 * length);
  scratch.writeUInt8(LEAF_PREFIX);
  scratch.writeBigUInt64BE(BigInt(entry.seq), 1);
  scratch.writeUInt16BE(subjectBytes, 1 + SEQUENCE_BYTES);
  scratch.write(entry.subject, subjectAt);
  scratch.set(entry.data, subjectAt + subjectBytes);
  return sha256(scratch.subarray(0, length));
}
