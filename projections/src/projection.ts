// What every projection is: a pure fold of the ledger into documents, one key at a time (spec §6).
import type { LedgerEntry } from "@upgrade-ledger/contract";
import { enablePatches, type Patch, produceWithPatches } from "immer";

enablePatches();

/** One document of a projection, as it is stored under its key in the projection's KV bucket. */
export interface KeyedDocument {
  readonly key: string;
  /** Ledger sequence of the last entry that the document has taken in. */
  readonly validAtSeq: number;
  /** Plain JSON: no `undefined`, no dates, no class instances. */
  readonly value: object;
}

/**
 * A pure fold. `evolve` mutates the state that it is given: plain state when rebuilding in bulk, an immer draft when a
 * person wants to see what an event changed ({@link evolveWithPatches}); a property test holds both equal.
 */
export interface Projection<State> {
  readonly name: "device" | "history" | "catalogue" | "quarantine";
  /** Counts up whenever the same ledger would give other documents; stored ones of another version are rebuilt. */
  readonly version: number;
  /** The KV bucket that holds the documents. */
  readonly bucket: string;
  /** KV filter for the keys of this projection in its bucket, which it may share. */
  readonly keyFilter: string;
  /** The key under which the projector keeps how far it has come. */
  readonly checkpointKey: string;
  /** Which state the entry concerns; `undefined` if none. The state's own document is stored under the same key. */
  keyOf(entry: LedgerEntry): string | undefined;
  initial(key: string): State;
  /** Takes in one entry. An entry at or before the state's `valid_at_seq` changes nothing. Never throws. */
  evolve(state: State, entry: LedgerEntry): void;
  /** Ledger sequence of the last entry that the state has taken in; 0 for a new one. */
  validAtSeq(state: State): number;
  /** The documents that changed since they were last taken, the state's own last. Forgets that they had changed. */
  takeDocuments(state: State): KeyedDocument[];
  /** The state as it was when its own document was stored as this JSON text. The digest vouches for the text (spec §5). */
  restore(json: string): State;
}

const producePlain: <State>(
  state: State,
  recipe: (draft: State) => void,
) => readonly [State, Patch[], Patch[]] = produceWithPatches;

/** One step as a person sees it: the state after it, and what it changed. The given state stays as it was. */
export interface EvolvedStep<State> {
  readonly state: State;
  /** From the state before to the state after, as immer gives them: `path` is an array of keys. */
  readonly patches: readonly Patch[];
  /** From the state after back to the state before. */
  readonly inversePatches: readonly Patch[];
}

/** The same `evolve`, on an immutable state, with its patches (spec §6, replay). */
export function evolveWithPatches<State>(
  projection: Projection<State>,
  state: State,
  entry: LedgerEntry,
): EvolvedStep<State> {
  const [next, patches, inversePatches] = producePlain(state, (draft) => {
    projection.evolve(draft, entry);
  });
  return { state: next, patches, inversePatches };
}
