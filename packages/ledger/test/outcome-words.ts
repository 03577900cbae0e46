// An append's outcome in the words of the table in docs/ledger.md.
import { type AppendOutcome, type Ledger, LedgerUnavailableError } from "../src/index.ts";

export type Result = AppendOutcome | LedgerUnavailableError;

/** One row of the table. */
export interface Row {
  /** First column: what is appended, and what went before. */
  readonly name: string;
  /** Second column: the outcome. */
  readonly gets: string;
  /** Third column: how many messages the subject holds then. */
  readonly stored: number;
}

export function inWords(outcome: Result): string {
  if (outcome instanceof LedgerUnavailableError) return "throws `LedgerUnavailableError`";
  switch (outcome.kind) {
    case "stored":
    case "conflict":
    case "id-taken":
      return `\`${outcome.kind}\``;
    case "already-stored":
      return `\`${outcome.kind}\`, ${outcome.verified ? "verified" : "not verified"}`;
    case "refused":
      return `\`${outcome.kind}\`, \`${outcome.code}\``;
  }
}

export function seqOf(outcome: AppendOutcome): number {
  if (outcome.kind !== "stored" && outcome.kind !== "already-stored") throw new Error(inWords(outcome));
  return outcome.seq;
}

export async function failureOf(append: Promise<AppendOutcome>): Promise<Result> {
  try {
    return await append;
  } catch (error) {
    if (error instanceof LedgerUnavailableError) return error;
    throw error;
  }
}

export async function countOf(ledger: Ledger, subject: string): Promise<number> {
  let count = 0;
  for await (const entry of ledger.read()) if (entry.subject === subject) count += 1;
  return count;
}
