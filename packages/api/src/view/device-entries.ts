import type { LedgerEntry } from "@upgrade-ledger/contract";
import type { Ledger } from "@upgrade-ledger/ledger";
import { entryOfRecorded, type RecordedEvent } from "@upgrade-ledger/projections";

/**
 * A device's ledger entries up to `toSeq`, in ledger order, ready to be folded: from what its history keeps of them, so
 * that nothing is looked for in the ledger. Only events of the future are read there, one by one.
 */
export async function deviceEntries(
  ledger: Ledger,
  recorded: readonly RecordedEvent[],
  toSeq = Number.POSITIVE_INFINITY,
): Promise<LedgerEntry[]> {
  const entries = await Promise.all(
    recorded
      .filter(({ seq }) => seq <= toSeq)
      .map(async (event) => entryOfRecorded(event) ?? (await ledger.get(event.seq))),
  );
  return entries.filter((entry) => entry !== undefined);
}
