// The outcome of an audit, as it is printed with `-o json` (docs/verify.md).
import type { ChainCounts } from "./chain-audit.ts";
import type { CheckpointCounts } from "./checkpoint-audit.ts";
import type { Finding, FindingCode } from "./finding.ts";
import type { SignatureCounts } from "./signature-audit.ts";

export interface LedgerReport extends ChainCounts {
  /** Whether there is no finding. */
  readonly ok: boolean;
  /** The device whose chains were checked; `null`: all. */
  readonly device_id: string | null;
  readonly events: number;
  readonly last_seq: number;
  /** Ledger time of the last event. */
  readonly last_time: string | null;
  /** The Merkle tree's root over all events, base64. */
  readonly root: string;
  /** Events without a place in a chain: of agents that know only the ADR, or unreadable. */
  readonly unchained: number;
  /** How often an event's ledger time was before that of the one before: worth a look, no proof of anything. */
  readonly time_regressions: number;
  readonly signatures: SignatureCounts;
  readonly checkpoints: CheckpointCounts;
  /** The first ones of each kind. */
  readonly findings: readonly Finding[];
  /** How many there are of each kind. */
  readonly finding_counts: Readonly<Partial<Record<FindingCode, number>>>;
}
