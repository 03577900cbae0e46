// Whether a stored checkpoint is one that we may go on from.
import { type Checkpoint, readCheckpoint } from "../checkpoint/checkpoint.ts";
import { InvalidNoteError, verifyNote } from "../checkpoint/note.ts";
import type { NoteVerifier } from "../checkpoint/note-key.ts";
import type { StoredCheckpoint } from "../stored/checkpoint-log.ts";

/** The checkpoints that stand there, or the ledger, forbid to sign another one. */
export class CheckpointRefusedError extends Error {
  override readonly name = "CheckpointRefusedError";
}

export interface TrustedCheckpoint {
  /** Its sequence in the stream of checkpoints. */
  readonly seq: number;
  readonly checkpoint: Checkpoint;
}

/** @throws CheckpointRefusedError */
export function trustedCheckpoint(
  stored: StoredCheckpoint | undefined,
  origin: string,
  keys: readonly NoteVerifier[],
): TrustedCheckpoint | undefined {
  if (stored === undefined) return undefined;
  const { seq, text } = stored;
  try {
    const { checkpoint, note } = readCheckpoint(text);
    const verdict = verifyNote(note, keys);
    if (verdict !== "signed") {
      const why = verdict === "wrong" ? "has a wrong signature" : "is not signed by a key of ours";
      throw new CheckpointRefusedError(`checkpoint ${seq} ${why}`);
    }
    if (checkpoint.origin !== origin) {
      throw new CheckpointRefusedError(`checkpoint ${seq} is of ${checkpoint.origin}, not of ${origin}`);
    }
    return { seq, checkpoint };
  } catch (error) {
    if (!(error instanceof InvalidNoteError)) throw error;
    throw new CheckpointRefusedError(`checkpoint ${seq} cannot be read: ${error.message}`, { cause: error });
  }
}
