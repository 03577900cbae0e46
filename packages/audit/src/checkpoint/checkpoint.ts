// A checkpoint: what the ledger was up to a sequence, as the text of a signed note (C2SP tlog-checkpoint).
import { HASH_BYTES } from "../merkle/hash.ts";
import { decodeBase64 } from "./base64.ts";
import { InvalidNoteError, type Note, parseNote, signNote } from "./note.ts";
import type { NoteSigner } from "./note-key.ts";

export interface Checkpoint {
  /** Which ledger: the same in all of its checkpoints. */
  readonly origin: string;
  /** How many messages the tree covers. */
  readonly size: number;
  readonly root: Buffer;
  /** Ledger sequence of the last message that it covers; 0 when there is none. */
  readonly lastSeq: number;
  /** When it was signed, by the signer's clock, RFC 3339. */
  readonly signedAt: string;
  /** NKeys `U…` with which the operator's side signs its events: the checkpoint vouches for them (docs/verify.md). */
  readonly writerKeys: readonly string[];
}

const EXTENSION = { lastSeq: "last-sequence", signedAt: "signed-at", writerKey: "writer-key" } as const;
const COUNT = /^(0|[1-9]\d{0,15})$/;

/** The whole signed note. */
export function signCheckpoint(checkpoint: Checkpoint, signer: NoteSigner): string {
  const { origin, size, root, lastSeq, signedAt, writerKeys } = checkpoint;
  const lines = [
    origin,
    String(size),
    root.toString("base64"),
    `${EXTENSION.lastSeq} ${lastSeq}`,
    `${EXTENSION.signedAt} ${signedAt}`,
    ...writerKeys.map((key) => `${EXTENSION.writerKey} ${key}`),
  ];
  return signNote(`${lines.join("\n")}\n`, signer);
}

export interface ReadCheckpoint {
  readonly checkpoint: Checkpoint;
  readonly note: Note;
}

/** Reads a checkpoint; says nothing about its signature. Extension lines that are not ours are skipped. @throws InvalidNoteError */
export function readCheckpoint(text: string): ReadCheckpoint {
  const note = parseNote(text);
  const [origin = "", size = "", root = "", ...extensions] = note.text.slice(0, -1).split("\n");
  const rootBytes = decodeBase64(root);
  if (origin === "") throw new InvalidNoteError("a checkpoint begins with its origin");
  if (rootBytes?.length !== HASH_BYTES) {
    throw new InvalidNoteError("a checkpoint's third line is a root hash");
  }
  const valuesOf = (name: string) =>
    extensions.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1));
  const [lastSeq = ""] = valuesOf(EXTENSION.lastSeq);
  const [signedAt = ""] = valuesOf(EXTENSION.signedAt);
  const checkpoint: Checkpoint = {
    origin,
    size: countIn(size, "its second line"),
    root: rootBytes,
    lastSeq: countIn(lastSeq, EXTENSION.lastSeq),
    signedAt,
    writerKeys: valuesOf(EXTENSION.writerKey),
  };
  return { checkpoint, note };
}

function countIn(text: string, where: string): number {
  const value = Number(text);
  if (!COUNT.test(text) || !Number.isSafeInteger(value)) {
    throw new InvalidNoteError(
      `a checkpoint has no number in ${where}: ${JSON.stringify(text.slice(0, 40))}`,
    );
  }
  return value;
}
