// What the checkpointer knows of the ledger so far, and the signing of it.
import type { LedgerHead, RawEntry } from "@upgrade-ledger/ledger";
import { signCheckpoint } from "../checkpoint/checkpoint.ts";
import type { NoteSigner, NoteVerifier } from "../checkpoint/note-key.ts";
import { CompactRange } from "../merkle/compact-range.ts";
import { entryLeafHash } from "../merkle/hash.ts";
import type { CheckpointLog } from "../stored/checkpoint-log.ts";
import { type ResumePoint, saveResumePoint } from "./resume-file.ts";
import type { CheckpointerSettings } from "./settings.ts";
import { CheckpointRefusedError, type TrustedCheckpoint, trustedCheckpoint } from "./trusted-checkpoint.ts";

/** The part of a logger that is needed. */
export interface CoveringLog {
  debug(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface CoveringOptions {
  readonly key: NoteSigner;
  readonly keys: readonly NoteVerifier[];
  readonly settings: CheckpointerSettings;
  readonly log: CoveringLog;
  readonly checkpoints: CheckpointLog;
  readonly created: string;
  readonly last: TrustedCheckpoint | undefined;
  readonly resume: ResumePoint | undefined;
}

export class Covering {
  readonly #options: CoveringOptions;
  readonly #range: CompactRange;
  #lastSeq: number;
  #last: TrustedCheckpoint | undefined;
  #failure: string | null = null;
  /** No other try before the range is so large; the timer tries whenever it fires. */
  #nextAt: number;
  #underWay: Promise<void> | undefined;

  constructor(options: CoveringOptions) {
    this.#options = options;
    this.#range = options.resume?.range ?? new CompactRange();
    this.#lastSeq = options.resume?.lastSeq ?? 0;
    this.#last = options.last;
    this.#nextAt = (options.last?.checkpoint.size ?? 0) + options.settings.everyEvents;
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  get coveredSeq(): number {
    return this.#last?.checkpoint.lastSeq ?? 0;
  }

  get failure(): string | null {
    return this.#failure;
  }

  /** @throws CheckpointRefusedError when the ledger is shorter than what the last checkpoint covers */
  expectLedger(head: LedgerHead): void {
    if (head.lastSeq < this.coveredSeq) {
      throw new CheckpointRefusedError(
        `the ledger ends at sequence ${head.lastSeq}, but checkpoint ${this.#last?.seq} covers ${this.coveredSeq}`,
      );
    }
    if (this.#range.size === this.#last?.checkpoint.size) this.#compare();
  }

  /** Answers a promise when it signs, so that what follows waits. */
  take(entry: RawEntry): void | Promise<void> {
    this.#range.append(entryLeafHash(entry));
    this.#lastSeq = entry.seq;
    if (this.#range.size === this.#last?.checkpoint.size) this.#compare();
    return this.#range.size >= this.#nextAt ? this.cover() : undefined;
  }

  /** The ledger itself has nothing between. */
  skipTo(seq: number): void {
    this.#lastSeq = seq - 1;
  }

  fail(error: unknown): void {
    this.#failure ??= error instanceof Error ? error.message : String(error);
    this.#options.log.error({ err: error }, "no more checkpoints are signed");
  }

  /** Signs what is known, if it is more than the last checkpoint covers. Never throws. */
  cover(): Promise<void> {
    this.#underWay ??= this.#cover()
      .catch((error: unknown) => {
        if (error instanceof CheckpointRefusedError) this.fail(error);
        else
          this.#options.log.warn({ err: error }, "a checkpoint could not be stored; it is tried again later");
      })
      .finally(() => {
        this.#nextAt = this.#range.size + this.#options.settings.everyEvents;
        this.#underWay = undefined;
      });
    return this.#underWay;
  }

  async #cover(): Promise<void> {
    const { settings, key, keys, checkpoints, created, log } = this.#options;
    const { size } = this.#range;
    if (this.#failure !== null || size <= (this.#last?.checkpoint.size ?? 0)) return;
    const checkpoint = {
      origin: settings.origin,
      size,
      root: this.#range.root(),
      lastSeq: this.#lastSeq,
      signedAt: new Date().toISOString(),
      writerKeys: settings.writerKeys,
    };
    const point = { created, lastSeq: this.#lastSeq, range: CompactRange.from(this.#range.toJSON()) };
    const seq = await checkpoints.append(signCheckpoint(checkpoint, key), this.#last?.seq ?? 0);
    if (seq === undefined) {
      // Another checkpointer was first, or it was ourselves and the acknowledgement got lost.
      this.#last = trustedCheckpoint(await checkpoints.last(), settings.origin, keys);
      if (this.#range.size === this.#last?.checkpoint.size) this.#compare();
      return;
    }
    this.#last = { seq, checkpoint };
    log.debug({ checkpoint: seq, size, last_seq: checkpoint.lastSeq }, "signed a checkpoint");
    if (settings.resumeFile !== undefined) await saveResumePoint(settings.resumeFile, point);
  }

  /** What has been read must be what the last checkpoint says. @throws CheckpointRefusedError */
  #compare(): void {
    const last = this.#last;
    if (last === undefined) return;
    if (!last.checkpoint.root.equals(this.#range.root()) || last.checkpoint.lastSeq !== this.#lastSeq) {
      throw new CheckpointRefusedError(
        `the ledger up to sequence ${this.#lastSeq} is not what checkpoint ${last.seq} says: it was altered`,
      );
    }
  }
}
