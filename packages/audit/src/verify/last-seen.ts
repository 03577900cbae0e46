// What an auditor keeps between audits: the ledger as it saw it itself, and the last signed checkpoint.
import { z } from "zod";
import type { FindingCode } from "./finding.ts";
import type { LedgerReport } from "./report.ts";

export const LastSeen = z.object({
  /** How many events the ledger had. */
  size: z.int().nonnegative(),
  /** base64 */
  root: z.string(),
  last_seq: z.int().nonnegative(),
  /** The last signed checkpoint, as a note; `null` if there was none. */
  checkpoint: z.string().nullable(),
  /** Verifier keys of the checkpoints: whoever has them replaced must tell the auditor. */
  checkpoint_keys: z.array(z.string()),
});
export type LastSeen = z.infer<typeof LastSeen>;

const BREAKS: ReadonlySet<string> = new Set<FindingCode>([
  "sequence_gap",
  "checkpoint_invalid",
  "checkpoint_order",
  "checkpoint_mismatch",
  "checkpoint_lost",
  "ledger_shorter",
  "ledger_empty",
  "ledger_rewritten",
]);

/** Whether the ledger goes on from what was seen before: only then may what is seen now take its place. */
export function goesOn(report: LedgerReport): boolean {
  return !Object.keys(report.finding_counts).some((code) => BREAKS.has(code));
}
