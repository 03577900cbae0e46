// Folding a whole ledger in memory: what `verify`, `--file` and the tests compare with.
import type { LedgerEntry } from "@upgrade-ledger/contract";
import type { Projection } from "./projection.ts";

/** All documents that a projection gives for these entries, by key, as the JSON text that is stored. */
export function foldAll<State>(
  projection: Projection<State>,
  entries: Iterable<LedgerEntry>,
): Map<string, string> {
  const states = new Map<string, State>();
  const documents = new Map<string, string>();
  for (const entry of entries) {
    const key = projection.keyOf(entry);
    if (key === undefined) continue;
    let state = states.get(key);
    if (state === undefined) {
      state = projection.initial(key);
      states.set(key, state);
    }
    projection.evolve(state, entry);
  }
  for (const state of states.values()) {
    for (const { key, value } of projection.takeDocuments(state)) documents.set(key, JSON.stringify(value));
  }
  return documents;
}
