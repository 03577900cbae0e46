// Keys of signed notes as text (C2SP signed-note): a verifier key to give away, a signer key to keep.
import { createPrivateKey, createPublicKey, hash, type KeyObject, randomBytes } from "node:crypto";
import { decodeBase64 } from "./base64.ts";

/** The text is no key of a signed note. Never quotes a signer key. */
export class InvalidNoteKeyError extends Error {
  override readonly name = "InvalidNoteKeyError";
}

export interface NoteVerifier {
  readonly name: string;
  /** Eight hex digits that go with the name in every signature. */
  readonly id: string;
  readonly publicKey: KeyObject;
  /** `<name>+<id>+<base64>`, for auditors. */
  readonly text: string;
}

export interface NoteSigner {
  readonly name: string;
  readonly privateKey: KeyObject;
  readonly verifier: NoteVerifier;
}

const ED25519 = 0x01;
const KEY_BYTES = 32;
const PRIVATE = "PRIVATE+KEY";
const PRIVATE_KEY_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");
const PUBLIC_KEY_PREFIX = Buffer.from("302a300506032b6570032100", "hex");
/** Not empty, no white space (it ends a name in a signature line), no `+` (it ends one in a key). */
const NAME = /^[^\s+]+$/u;
const KEY_TEXT = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})$/u;

/** Makes a signer key as text: `PRIVATE+KEY+<name>+<id>+<base64>`. @throws InvalidNoteKeyError for an impossible name */
export function newSignerKey(name: string): string {
  if (!NAME.test(name))
    throw new InvalidNoteKeyError(`a key's name holds no space and no +: ${JSON.stringify(name)}`);
  const seed = randomBytes(KEY_BYTES);
  const { id } = signerFrom(name, seed).verifier;
  return `${PRIVATE}+${name}+${id}+${encodeKey(seed)}`;
}

/** Reads a signer key. @throws InvalidNoteKeyError */
export function parseSignerKey(text: string): NoteSigner {
  const rest = text.trim();
  const parts = rest.startsWith(`${PRIVATE}+`) ? KEY_TEXT.exec(rest.slice(PRIVATE.length + 1)) : null;
  const seed = decodeKey(parts?.[3]);
  const name = parts?.[1];
  if (name === undefined || seed === undefined)
    throw new InvalidNoteKeyError("not a signer key of a signed note");
  const signer = signerFrom(name, seed);
  if (signer.verifier.id !== parts?.[2])
    throw new InvalidNoteKeyError("a signer key whose id is not its own");
  return signer;
}

/** Reads a verifier key. @throws InvalidNoteKeyError */
export function parseVerifierKey(text: string): NoteVerifier {
  const parts = KEY_TEXT.exec(text.trim());
  const raw = decodeKey(parts?.[3]);
  const name = parts?.[1];
  if (name === undefined || raw === undefined) {
    throw new InvalidNoteKeyError(
      `not a verifier key of a signed note: ${JSON.stringify(text.trim().slice(0, 200))}`,
    );
  }
  const verifier = verifierFrom(name, raw);
  if (verifier.id !== parts?.[2])
    throw new InvalidNoteKeyError(`the id of the key of ${name} is not its own`);
  return verifier;
}

function signerFrom(name: string, seed: Buffer): NoteSigner {
  const der = Buffer.concat([PRIVATE_KEY_PREFIX, seed]);
  const privateKey = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  const spki = createPublicKey(privateKey).export({ format: "der", type: "spki" });
  return { name, privateKey, verifier: verifierFrom(name, spki.subarray(PUBLIC_KEY_PREFIX.length)) };
}

function verifierFrom(name: string, raw: Buffer): NoteVerifier {
  const key = Buffer.concat([PUBLIC_KEY_PREFIX, raw]);
  const id = hash("sha256", Buffer.concat([Buffer.from(`${name}\n`), Buffer.of(ED25519), raw]), "hex").slice(
    0,
    8,
  );
  const publicKey = createPublicKey({ key, format: "der", type: "spki" });
  return { name, id, publicKey, text: `${name}+${id}+${encodeKey(raw)}` };
}

function encodeKey(raw: Buffer): string {
  return Buffer.concat([Buffer.of(ED25519), raw]).toString("base64");
}

function decodeKey(text: string | undefined): Buffer | undefined {
  const bytes = decodeBase64(text ?? "");
  return bytes?.length === 1 + KEY_BYTES && bytes[0] === ED25519 ? bytes.subarray(1) : undefined;
}
