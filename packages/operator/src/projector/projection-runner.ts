// One projection at work: its states in memory, its documents in a bucket, its checkpoint (spec §5).
import type { LedgerEntry } from "@upgrade-ledger/contract";
import type { KeyedDocument, Projection } from "@upgrade-ledger/projections";
import type { Bucket } from "./bucket.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { DocumentStore } from "./document-store.ts";
import { TakenOverError } from "./errors.ts";
import { type LedgerPlace, type Loaded, loadProjection } from "./load.ts";
import { inParallel } from "./pool.ts";

/** What the projector needs of a projection, whatever its state looks like. */
export interface RunningProjection {
  readonly name: string;
  /** Everything up to here is stored and covered by the checkpoint. */
  readonly checkpointSeq: number;
  /** Why it was begun anew; `undefined` if it was gone on with. */
  readonly rebuilt: Loaded["rebuild"];
  /** How many states have changed since they were stored. */
  readonly changed: number;
  /** Takes the entries in, in memory. */
  apply(entries: readonly LedgerEntry[]): Promise<void>;
  /** Stores every changed document. */
  store(): Promise<void>;
  /** Stores how far it has come. To be called when everything up to `seq` is stored. @throws TakenOverError */
  checkpoint(seq: number): Promise<void>;
  /** Removes documents of an earlier build. To be called when it has caught up. */
  removeOld(): Promise<void>;
}

export interface RunnerOptions {
  /** Writes and reads under way at once. */
  readonly width: number;
  /** States kept in memory; others are read again when they are needed. */
  readonly maxStates: number;
}

const decoder = new TextDecoder();

/** @throws TakenOverError when another projector is at work on it */
export async function runProjection<State>(
  projection: Projection<State>,
  bucket: Bucket,
  ledger: LedgerPlace,
  options: RunnerOptions,
  onEvolved: (state: State, entry: LedgerEntry) => void = () => undefined,
): Promise<RunningProjection> {
  const loaded = await loadProjection(bucket, projection, ledger);
  return new ProjectionRunner(projection, bucket, loaded, options, onEvolved);
}

class ProjectionRunner<State> implements RunningProjection {
  readonly name: string;
  readonly rebuilt: Loaded["rebuild"];
  readonly #projection: Projection<State>;
  readonly #bucket: Bucket;
  readonly #store: DocumentStore;
  readonly #options: RunnerOptions;
  readonly #onEvolved: (state: State, entry: LedgerEntry) => void;
  readonly #states = new Map<string, State>();
  readonly #changed = new Set<string>();
  /** Keys of the states that are stored. */
  readonly #stored = new Set<string>();
  #old: string[] = [];
  #checkpoint: Checkpoint;
  #checkpointRevision: number;

  constructor(
    projection: Projection<State>,
    bucket: Bucket,
    loaded: Loaded,
    options: RunnerOptions,
    onEvolved: (state: State, entry: LedgerEntry) => void,
  ) {
    const { checkpoint } = loaded;
    this.name = projection.name;
    this.rebuilt = loaded.rebuild;
    this.#projection = projection;
    this.#bucket = bucket;
    this.#options = options;
    this.#onEvolved = onEvolved;
    this.#checkpoint = checkpoint;
    this.#checkpointRevision = loaded.checkpointRevision;
    this.#store = new DocumentStore(bucket, checkpoint);
    for (const document of loaded.stored) {
      this.#store.learn(document);
      const isCurrent = document.generation === checkpoint.generation;
      if (isCurrent && document.role === "state") this.#stored.add(document.key);
      if (!isCurrent && !document.deleted) this.#old.push(document.key);
    }
  }

  get checkpointSeq(): number {
    return this.#checkpoint.seq;
  }

  get changed(): number {
    return this.#changed.size;
  }

  async apply(entries: readonly LedgerEntry[]): Promise<void> {
    const todo: { key: string; entry: LedgerEntry }[] = [];
    const missing = new Set<string>();
    for (const entry of entries) {
      const key = entry.seq > this.#checkpoint.seq ? this.#projection.keyOf(entry) : undefined;
      if (key === undefined) continue;
      todo.push({ key, entry });
      if (!this.#states.has(key) && this.#stored.has(key)) missing.add(key);
    }
    await inParallel([...missing], this.#options.width, async (key) => this.#load(key));
    for (const { key, entry } of todo) {
      const state = this.#stateOf(key);
      if (entry.seq > this.#projection.validAtSeq(state)) {
        this.#projection.evolve(state, entry);
        this.#changed.add(key);
      }
      this.#onEvolved(state, entry);
    }
  }

  async store(): Promise<void> {
    const states: KeyedDocument[] = [];
    const views: KeyedDocument[] = [];
    for (const key of this.#changed) {
      const documents = this.#projection.takeDocuments(this.#stateOf(key));
      for (const document of documents) (document.key === key ? states : views).push(document);
      this.#stored.add(key);
    }
    // Views first: a state that is stored says that everything that came with it is stored too.
    const { width } = this.#options;
    await inParallel(views, width, async (document) => this.#store.put(document, "view"));
    await inParallel(states, width, async (document) => this.#store.put(document, "state"));
    this.#changed.clear();
    this.#forgetSome();
  }

  async checkpoint(seq: number): Promise<void> {
    if (seq <= this.#checkpoint.seq) return;
    const next: Checkpoint = { ...this.#checkpoint, seq, ...this.#store.coverUpTo(seq) };
    const { checkpointKey } = this.#projection;
    const revision = await this.#bucket.write(
      checkpointKey,
      JSON.stringify(next),
      undefined,
      this.#checkpointRevision,
    );
    if (revision === undefined) {
      throw new TakenOverError(`another projector has moved the checkpoint of ${this.name}`);
    }
    this.#checkpoint = next;
    this.#checkpointRevision = revision;
  }

  async removeOld(): Promise<void> {
    const old = this.#old;
    this.#old = [];
    await inParallel(old, this.#options.width, async (key) => this.#store.removeIfOld(key));
  }

  async #load(key: string): Promise<void> {
    const document = await this.#store.read(key);
    if (document === undefined) return;
    this.#states.set(key, this.#projection.restore(decoder.decode(document.data)));
  }

  #stateOf(key: string): State {
    const state = this.#states.get(key) ?? this.#projection.initial(key);
    // Set again, so that the least used ones come first.
    this.#states.delete(key);
    this.#states.set(key, state);
    return state;
  }

  /** Only stored states may be forgotten, so this follows a store. */
  #forgetSome(): void {
    for (const key of this.#states.keys()) {
      if (this.#states.size <= this.#options.maxStates) return;
      this.#states.delete(key);
    }
  }
}
