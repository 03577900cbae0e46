// Follows the ledger and writes signed checkpoints of it (spec §3.1, G12).
import type { NatsConnection } from "@nats-io/transport-node";
import { LedgerGapError, ledgerOf } from "@upgrade-ledger/ledger";
import { type NoteSigner, parseVerifierKey } from "../checkpoint/note-key.ts";
import { CheckpointLog } from "../stored/checkpoint-log.ts";
import type { CheckpointerSettings } from "./settings.ts";
import { Covering, type CoveringLog } from "./covering.ts";
import { loadResumePoint, type ResumePoint } from "./resume-file.ts";
import { trustedCheckpoint } from "./trusted-checkpoint.ts";

export interface CheckpointerOptions {
  /** A connection with the operator's rights. It stays the caller's to close. */
  readonly nc: NatsConnection;
  readonly key: NoteSigner;
  readonly settings: CheckpointerSettings;
  readonly log: CoveringLog;
}

export interface CheckpointerHealth {
  /** Ledger sequence that the last checkpoint covers; 0 when there is none. */
  readonly coveredSeq: number;
  /** Ledger sequence that it has read. */
  readonly readSeq: number;
  /** Why no more checkpoints are signed, if so. */
  readonly failure: string | null;
}

export interface Checkpointer {
  health(): CheckpointerHealth;
  /** Writes a last checkpoint if something is not covered, and ends. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Starts a checkpointer. It signs nothing that contradicts the last checkpoint: when the ledger is not the one that it
 * covers, it signs no more and says why ({@link Checkpointer.health}). Several may run: the broker lets one be first.
 *
 * @throws CheckpointRefusedError when the last checkpoint is none, is not signed by a key of ours, or is of more than there is
 */
export async function startCheckpointer(options: CheckpointerOptions): Promise<Checkpointer> {
  const { nc, key, settings, log } = options;
  const ledger = ledgerOf(nc);
  const checkpoints = await CheckpointLog.open(nc);
  const keys = [key.verifier, ...(settings.formerKeys ?? []).map(parseVerifierKey)];
  const last = trustedCheckpoint(await checkpoints.last(), settings.origin, keys);
  const head = await ledger.head();
  const resume = await resumePoint(settings.resumeFile, head, last?.checkpoint.size ?? 0);
  const covering = new Covering({ ...options, keys, checkpoints, created: head.created, last, resume });
  covering.expectLedger(head);
  const stop = new AbortController();
  const timer = setInterval(() => void covering.cover(), settings.everyMs);
  const following = follow(stop.signal).catch((error: unknown) => {
    if (!stop.signal.aborted) covering.fail(error);
  });
  let stopped: Promise<void> | undefined;

  async function follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const fromSeq = covering.lastSeq + 1;
        return await ledger.followRaw({ fromSeq, created: head.created, signal }, (raw) =>
          covering.take(raw),
        );
      } catch (error) {
        if (!(error instanceof LedgerGapError)) throw error;
        log.error(
          { expected: error.expected, found: error.found },
          "the ledger lacks events; `verify` reports them",
        );
        covering.skipTo(error.found);
      }
    }
  }

  return {
    health: () => ({ coveredSeq: covering.coveredSeq, readSeq: covering.lastSeq, failure: covering.failure }),
    stop: () =>
      (stopped ??= (async () => {
        clearInterval(timer);
        stop.abort();
        await following;
        await covering.cover();
      })()),
  };
}

/** A point beyond the last checkpoint can't be compared with it, so it is of no use. */
async function resumePoint(
  file: string | undefined,
  head: { readonly created: string; readonly lastSeq: number },
  lastSize: number,
): Promise<ResumePoint | undefined> {
  const point = file === undefined ? undefined : await loadResumePoint(file);
  const usable =
    point !== undefined &&
    point.created === head.created &&
    point.lastSeq <= head.lastSeq &&
    point.range.size <= lastSize;
  return usable ? point : undefined;
}
