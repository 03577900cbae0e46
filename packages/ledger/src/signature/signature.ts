// `Ledger-Signature`: base64 Ed25519 over an event's bytes as published, by the writer's NKey (spec §3.2).
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import { publicKeyBytes, publicKeyText, seedBytes } from "./nkey.ts";

/** What DER puts before the 32 bytes of an Ed25519 key (RFC 8410). */
const PRIVATE_KEY_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");
const PUBLIC_KEY_PREFIX = Buffer.from("302a300506032b6570032100", "hex");
const SIGNATURE = /^[A-Za-z0-9+/]{86}==$/;
/** Keys that were read are kept, up to so many. */
const MAX_KNOWN_KEYS = 10_000;

/** Signs events, and says whose signature it is. */
export interface Signer {
  /** The NKey that verifies: `U…`. */
  readonly publicKey: string;
  /** The `Ledger-Signature` of these bytes. */
  readonly sign: (data: Uint8Array) => string;
}

/** A signer with the seed `SU…` of a device or an operator. @throws InvalidKeyError */
export function signerOf(seed: string): Signer {
  const der = Buffer.concat([PRIVATE_KEY_PREFIX, seedBytes(seed)]);
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  const spki = createPublicKey(key).export({ format: "der", type: "spki" });
  return {
    publicKey: publicKeyText(spki.subarray(PUBLIC_KEY_PREFIX.length)),
    sign: (data) => sign(null, data, key).toString("base64"),
  };
}

const known = new Map<string, KeyObject>();

/** Whether the key `U…` made this signature over these bytes. @throws InvalidKeyError when the key is none */
export function verifySignature(publicKey: string, data: Uint8Array, signature: string): boolean {
  const key = keyOf(publicKey);
  return SIGNATURE.test(signature) && verify(null, data, key, Buffer.from(signature, "base64"));
}

function keyOf(publicKey: string): KeyObject {
  const found = known.get(publicKey);
  if (found !== undefined) return found;
  const der = Buffer.concat([PUBLIC_KEY_PREFIX, publicKeyBytes(publicKey)]);
  const key = createPublicKey({ key: der, format: "der", type: "spki" });
  if (known.size >= MAX_KNOWN_KEYS) known.clear();
  known.set(publicKey, key);
  return key;
}
