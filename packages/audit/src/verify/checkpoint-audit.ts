// Signed checkpoints, and what the auditor saw itself, against the ledger as it is now: roots are computed anew.
import { type Checkpoint, readCheckpoint } from "../checkpoint/checkpoint.ts";
import { InvalidNoteError, verifyNote } from "../checkpoint/note.ts";
import type { NoteVerifier } from "../checkpoint/note-key.ts";
import type { StoredCheckpoint } from "../stored/checkpoint-log.ts";
import type { Findings } from "./finding.ts";
import type { LastSeen } from "./last-seen.ts";

/** What the ledger's first `size` events must be. */
interface Expected {
  readonly size: number;
  readonly root: Buffer;
  readonly lastSeq: number;
  /** `checkpoint 7`; `the last audit`. */
  readonly source: string;
  readonly code: "checkpoint_mismatch" | "ledger_rewritten";
}

export interface CheckpointCounts {
  readonly stored: number;
  /** Those whose signature and root are as they must be. */
  readonly confirmed: number;
  /** Ledger sequence up to which a confirmed checkpoint covers it. */
  readonly covered_seq: number;
  /** Whether signatures were checked: not without a key. */
  readonly signatures_checked: boolean;
}

export interface CheckpointAuditOptions {
  readonly stored: readonly StoredCheckpoint[];
  readonly verifiers: readonly NoteVerifier[];
  readonly lastSeen: LastSeen | undefined;
}

export class CheckpointAudit {
  readonly #options: CheckpointAuditOptions;
  readonly #findings: Findings;
  readonly #expected: Expected[] = [];
  readonly #writerKeys = new Set<string>();
  #next = 0;
  #confirmed = 0;
  #coveredSeq = 0;
  /** Ledger sequence of the last expectation that was met. */
  #goodSeq = 0;
  #failed = false;

  constructor(options: CheckpointAuditOptions, findings: Findings) {
    this.#options = options;
    this.#findings = findings;
    this.#expectStored();
    if (options.lastSeen !== undefined) this.#expectLastSeen(options.lastSeen);
    this.#expected.sort((a, b) => a.size - b.size);
  }

  /** NKeys of the operator's side that signed checkpoints vouch for. */
  get writerKeys(): ReadonlySet<string> {
    return this.#writerKeys;
  }

  /** After each event: how many there were, the last one's sequence, the root so far. */
  take(size: number, lastSeq: number, root: () => Buffer): void {
    for (let due = this.#expected[this.#next]; due?.size === size; due = this.#expected[this.#next]) {
      this.#next += 1;
      this.#compare(due, lastSeq, root());
    }
  }

  finish(size: number, lastSeq: number): CheckpointCounts {
    const beyond = this.#expected.slice(this.#next).at(-1);
    if (beyond !== undefined && size === 0) {
      const detail = `the ledger is empty, but ${beyond.source} saw ${beyond.size} events up to sequence ${beyond.lastSeq}`;
      this.#findings.add("ledger_empty", null, null, detail);
    } else if (beyond !== undefined) {
      const detail = `the ledger has ${size} events and ends at sequence ${lastSeq}, but ${beyond.source} saw ${beyond.size} up to sequence ${beyond.lastSeq}`;
      this.#findings.add("ledger_shorter", lastSeq, null, detail);
    }
    return {
      stored: this.#options.stored.length,
      confirmed: this.#confirmed,
      covered_seq: this.#coveredSeq,
      signatures_checked: this.#options.verifiers.length > 0,
    };
  }

  #compare(due: Expected, lastSeq: number, root: Buffer): void {
    if (due.root.equals(root) && due.lastSeq === lastSeq) {
      this.#goodSeq = due.lastSeq;
      if (due.code !== "checkpoint_mismatch") return;
      this.#confirmed += 1;
      this.#coveredSeq = due.lastSeq;
      return;
    }
    // All later ones differ too: one finding of each kind says where.
    if (this.#failed && due.code === "checkpoint_mismatch") return;
    this.#failed = true;
    const range = `sequences ${this.#goodSeq + 1} to ${due.lastSeq}`;
    const detail = `${due.source} does not fit the ledger's first ${due.size} events: something in ${range} was altered, removed, added or moved`;
    this.#findings.add(due.code, due.lastSeq, null, detail);
  }

  #expectStored(): void {
    let [lastSize, lastStored] = [0, 0];
    for (const stored of this.#options.stored) {
      if (stored.seq !== lastStored + 1) {
        const detail = `the stream of checkpoints has ${stored.seq} after ${lastStored}`;
        this.#findings.add("checkpoint_lost", null, null, detail);
      }
      lastStored = stored.seq;
      const checkpoint = this.#trusted(stored);
      if (checkpoint === undefined) continue;
      if (checkpoint.size <= lastSize) {
        const detail = `checkpoint ${stored.seq} is of ${checkpoint.size} events, the one before of ${lastSize}`;
        this.#findings.add("checkpoint_order", checkpoint.lastSeq, null, detail);
      }
      lastSize = Math.max(lastSize, checkpoint.size);
      this.#expect(checkpoint, `checkpoint ${stored.seq}`, "checkpoint_mismatch");
    }
  }

  #expectLastSeen(seen: LastSeen): void {
    const { size, root, last_seq: lastSeq, checkpoint } = seen;
    const expected = { size, root: Buffer.from(root, "base64"), lastSeq };
    if (size > 0) this.#expected.push({ ...expected, source: "the last audit", code: "ledger_rewritten" });
    if (checkpoint === null) return;
    if (!this.#options.stored.some(({ text }) => text === checkpoint)) {
      const detail = "the checkpoint that the last audit saw is no longer among the stored ones";
      this.#findings.add("checkpoint_lost", null, null, detail);
    }
    const kept = this.#trusted({ seq: 0, text: checkpoint });
    if (kept !== undefined) this.#expect(kept, "the checkpoint that the last audit kept", "ledger_rewritten");
  }

  #expect({ size, root, lastSeq }: Checkpoint, source: string, code: Expected["code"]): void {
    if (size > 0) this.#expected.push({ size, root, lastSeq, source, code });
  }

  #trusted({ seq, text }: StoredCheckpoint): Checkpoint | undefined {
    const { verifiers } = this.#options;
    const source = seq === 0 ? "the checkpoint that the last audit kept" : `checkpoint ${seq}`;
    try {
      const { checkpoint, note } = readCheckpoint(text);
      const verdict = verifiers.length === 0 ? "signed" : verifyNote(note, verifiers);
      if (verdict === "signed") {
        // What nobody signed vouches for nothing.
        if (verifiers.length > 0) for (const key of checkpoint.writerKeys) this.#writerKeys.add(key);
        return checkpoint;
      }
      const why = verdict === "wrong" ? "its signature is wrong" : "it is not signed by a known key";
      this.#findings.add("checkpoint_invalid", checkpoint.lastSeq, null, `${source}: ${why}`);
    } catch (error) {
      if (!(error instanceof InvalidNoteError)) throw error;
      this.#findings.add("checkpoint_invalid", null, null, `${source}: ${error.message}`);
    }
    return undefined;
  }
}
