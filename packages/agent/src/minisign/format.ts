// The files of minisign: https://jedisct1.github.io/minisign/ (signature, public key, secret key without a password).
import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { MinisignError } from "./minisign-error.ts";

export const PREHASHED = "ED";
export const KEY_ID_BYTES = 8;
export const SIGNATURE_BYTES = 64;
export const UNTRUSTED_PREFIX = "untrusted comment: ";
export const TRUSTED_PREFIX = "trusted comment: ";

const LEGACY = "Ed";
const KEY_BYTES = 32;
/** What DER puts before the 32 raw bytes of an Ed25519 key (RFC 8410). */
const SPKI = Buffer.from("302a300506032b6570032100", "hex");
const PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex");

export interface PublicKey {
  /** As minisign prints it: 16 upper-case hex digits. */
  readonly keyId: string;
  readonly key: KeyObject;
}

export interface SecretKey {
  readonly keyIdBytes: Buffer;
  readonly key: KeyObject;
}

export interface SignatureFile {
  readonly keyId: string;
  readonly signature: Buffer;
  /** Without its prefix. */
  readonly trustedComment: string;
  readonly globalSignature: Buffer;
}

/** Reads a public key: the base64 line alone, or a whole `.pub` file. @throws MinisignError when it is none */
export function parsePublicKey(text: string): PublicKey {
  const bytes = base64(lastLine(text), 2 + KEY_ID_BYTES + KEY_BYTES, "public key");
  if (bytes.toString("latin1", 0, 2) !== LEGACY) throw invalid("the public key is not an Ed25519 key");
  return {
    keyId: keyIdText(bytes.subarray(2, 2 + KEY_ID_BYTES)),
    key: createPublicKey({
      key: Buffer.concat([SPKI, bytes.subarray(2 + KEY_ID_BYTES)]),
      format: "der",
      type: "spki",
    }),
  };
}

/** Reads a secret key file that has no password (`minisign -G -W`). @throws MinisignError when it is none */
export function parseSecretKey(text: string): SecretKey {
  const bytes = base64(lastLine(text), 158, "secret key");
  if (bytes.toString("latin1", 0, 2) !== LEGACY) throw invalid("the secret key is not an Ed25519 key");
  if (bytes.readUInt16BE(2) !== 0) throw invalid("the secret key is protected by a password");
  const keyIdBytes = bytes.subarray(54, 54 + KEY_ID_BYTES);
  const seed = bytes.subarray(62, 62 + KEY_BYTES);
  const key = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: "der", type: "pkcs8" });
  const derived = createPublicKey(key).export({ format: "der", type: "spki" }).subarray(SPKI.length);
  if (!derived.equals(bytes.subarray(94, 94 + KEY_BYTES))) throw invalid("the secret key is damaged");
  return { keyIdBytes, key };
}

/** Reads a `.minisig` file. @throws MinisignError `signature_invalid` when it is none, or not prehashed */
export function parseSignature(text: string): SignatureFile {
  const lines = text.replaceAll("\r\n", "\n").split("\n");
  const [untrusted = "", first = "", trusted = "", second = "", ...rest] = lines;
  if (!untrusted.startsWith(UNTRUSTED_PREFIX) || !trusted.startsWith(TRUSTED_PREFIX))
    throw invalid("not a .minisig file: a comment line is missing");
  if (rest.some((line) => line !== "")) throw invalid("not a .minisig file: it has more than four lines");
  const bytes = base64(first, 2 + KEY_ID_BYTES + SIGNATURE_BYTES, "signature");
  const algorithm = bytes.toString("latin1", 0, 2);
  if (algorithm === LEGACY)
    throw invalid("the signature is of the legacy kind; sign prehashed (minisign -S -H)");
  if (algorithm !== PREHASHED) throw invalid("the signature's algorithm is unknown");
  return {
    keyId: keyIdText(bytes.subarray(2, 2 + KEY_ID_BYTES)),
    signature: bytes.subarray(2 + KEY_ID_BYTES),
    trustedComment: trusted.slice(TRUSTED_PREFIX.length),
    globalSignature: base64(second, SIGNATURE_BYTES, "global signature"),
  };
}

/** What the global signature covers. */
export function globallySigned(signature: Buffer, trustedComment: string): Buffer {
  return Buffer.concat([signature, Buffer.from(trustedComment, "utf8")]);
}

/** Key ids are little-endian numbers, shown as hex. */
function keyIdText(bytes: Buffer): string {
  return bytes.readBigUInt64LE().toString(16).toUpperCase().padStart(16, "0");
}

function lastLine(text: string): string {
  return text.trim().split(/\r?\n/).at(-1) ?? "";
}

function base64(line: string, length: number, what: string): Buffer {
  const bytes = Buffer.from(line, "base64");
  if (bytes.length !== length || bytes.toString("base64") !== line)
    throw invalid(`the ${what} is not ${length} bytes of base64`);
  return bytes;
}

function invalid(message: string): MinisignError {
  return new MinisignError("signature_invalid", message);
}
