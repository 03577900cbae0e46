// Signed notes (C2SP signed-note): text, an empty line, and signature lines `— <name> <base64 of key id and signature>`.
import { sign, verify } from "node:crypto";
import { decodeBase64 } from "./base64.ts";
import type { NoteSigner, NoteVerifier } from "./note-key.ts";

/** The text is no signed note. */
export class InvalidNoteError extends Error {
  override readonly name = "InvalidNoteError";
}

export interface NoteSignature {
  readonly name: string;
  /** Eight hex digits. */
  readonly id: string;
  readonly signature: Buffer;
}

export interface Note {
  /** What is signed: whole lines, the last with its line end. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

const SIGNATURE_LINE = /^— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})$/u;
const ID_BYTES = 4;
const MAX_SIGNATURES = 100;

/** Signs whole lines of text. */
export function signNote(text: string, signer: NoteSigner): string {
  const { name, privateKey, verifier } = signer;
  const blob = Buffer.concat([Buffer.from(verifier.id, "hex"), sign(null, Buffer.from(text), privateKey)]);
  return `${text}\n— ${name} ${blob.toString("base64")}\n`;
}

/** Takes a note apart; says nothing about its signatures. @throws InvalidNoteError */
export function parseNote(note: string): Note {
  const split = note.lastIndexOf("\n\n");
  if (split < 0 || !note.endsWith("\n")) throw new InvalidNoteError("no empty line before the signatures");
  const lines = note.slice(split + 2, -1).split("\n");
  if (lines.length > MAX_SIGNATURES) throw new InvalidNoteError("too many signatures");
  return { text: note.slice(0, split + 1), signatures: lines.map(signatureIn) };
}

function signatureIn(line: string): NoteSignature {
  const [, name, blob] = SIGNATURE_LINE.exec(line) ?? [];
  const bytes = decodeBase64(blob ?? "");
  if (name === undefined || bytes === undefined || bytes.length <= ID_BYTES) {
    throw new InvalidNoteError(`no signature line: ${JSON.stringify(line.slice(0, 200))}`);
  }
  return { name, id: bytes.toString("hex", 0, ID_BYTES), signature: bytes.subarray(ID_BYTES) };
}

/** `signed` by one of the keys, `unknown-key` when none of them signed, `wrong` when a signature under a known key is not its. */
export type NoteVerdict = "signed" | "unknown-key" | "wrong";

/** Checks the signatures of those keys; signatures of others count neither for nor against. */
export function verifyNote(note: Note, verifiers: readonly NoteVerifier[]): NoteVerdict {
  let verdict: NoteVerdict = "unknown-key";
  for (const { name, id, signature } of note.signatures) {
    const verifier = verifiers.find((each) => each.name === name && each.id === id);
    if (verifier === undefined) continue;
    if (!verify(null, Buffer.from(note.text), verifier.publicKey, signature)) return "wrong";
    verdict = "signed";
  }
  return verdict;
}
