// A whole audit over a connection: reads checkpoints, ledger and projections by itself, and believes none of them.
import type { NatsConnection } from "@nats-io/transport-node";
import { type Ledger, LedgerGapError, ledgerOf, type RawEntry } from "@upgrade-ledger/ledger";
import { CheckpointLog } from "../stored/checkpoint-log.ts";
import { storedProjections } from "../stored/stored-projections.ts";
import type { LastSeen } from "./last-seen.ts";
import { type AuditOptions, LedgerAudit } from "./ledger-audit.ts";
import { ProjectionAudit, type ProjectionCounts } from "./projection-audit.ts";
import type { LedgerReport } from "./report.ts";

export interface ServerAuditOptions extends Omit<AuditOptions, "checkpoints"> {
  /** With the right to read everything. It stays the caller's to close. */
  readonly nc: NatsConnection;
  /** Compare the stored projections too, which takes several times as long. Default true. */
  readonly projections?: boolean;
  /** Called now and then with the sequence that has been reached. */
  readonly onProgress?: (seq: number) => void;
}

export interface ServerReport extends LedgerReport {
  /** `null` when they were not compared. */
  readonly projections: readonly ProjectionCounts[] | null;
}

export interface ServerAudit {
  readonly report: ServerReport;
  /** To be kept for the next audit, if there was no finding. */
  readonly seen: LastSeen;
}

/** While the projector is at work, its documents are looked at again so often. */
const ROUNDS = 5;
const PROGRESS_EVERY = 10_000;

/** @throws LedgerUnavailableError, LedgerForbiddenError, InvalidNoteKeyError */
export async function auditServer(options: ServerAuditOptions): Promise<ServerAudit> {
  const { nc } = options;
  const ledger = ledgerOf(nc);
  const checkpoints = await (await CheckpointLog.open(nc)).all();
  const auditor = new LedgerAudit({ ...options, checkpoints });
  const projections =
    options.projections === false ? undefined : new ProjectionAudit(auditor.findings, options.deviceId);
  let lastSeq = 0;
  const readOn = async (): Promise<void> => {
    for await (const raw of readAll(ledger, lastSeq + 1)) {
      auditor.take(raw);
      projections?.take(raw);
      lastSeq = raw.seq;
      if (raw.seq % PROGRESS_EVERY === 0) options.onProgress?.(raw.seq);
    }
  };
  await readOn();
  if (projections !== undefined) {
    const read = await storedProjections(nc);
    for (let round = 1; !(await projections.compare(read)) && round < ROUNDS; round += 1) await readOn();
  }
  const report: ServerReport = { ...auditor.finish(), projections: projections?.counts ?? null };
  const seen: LastSeen = {
    size: report.events,
    root: report.root,
    last_seq: report.last_seq,
    checkpoint: checkpoints.at(-1)?.text ?? null,
    checkpoint_keys: [...(options.checkpointKeys ?? options.lastSeen?.checkpoint_keys ?? [])],
  };
  return { report, seen };
}

/** To the head, beyond holes too: the auditor sees them by the sequences. */
async function* readAll(ledger: Ledger, fromSeq: number): AsyncGenerator<RawEntry, void, void> {
  let next = fromSeq;
  for (;;) {
    try {
      for await (const raw of ledger.readRaw({ fromSeq: next })) {
        yield raw;
        next = raw.seq + 1;
      }
      return;
    } catch (error) {
      if (!(error instanceof LedgerGapError)) throw error;
      next = error.found;
    }
  }
}
