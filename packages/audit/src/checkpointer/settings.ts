// How often checkpoints are written, and what stands in them.

export interface CheckpointerSettings {
  /** Which ledger; the first line of every checkpoint. */
  readonly origin: string;
  /** A checkpoint after so many events … */
  readonly everyEvents: number;
  /** … or so long after an event that none covers, milliseconds. */
  readonly everyMs: number;
  /** NKeys with which the operator's side signs: every checkpoint vouches for them. */
  readonly writerKeys: readonly string[];
  /** Verifier keys of earlier signers, whose checkpoints are gone on from. */
  readonly formerKeys?: readonly string[];
  /** Keeps where it was over restarts. Without it, a start reads the whole ledger. */
  readonly resumeFile?: string | undefined;
}

/** The stream of checkpoints holds a million for ever: one each five minutes fills it in nine years. */
export const CHECKPOINTER_DEFAULTS = {
  origin: "upgrade-ledger",
  everyEvents: 10_000,
  everyMs: 300_000,
} as const;
