// The documents of one projection in its bucket: compare-and-set on each key, and the digest of all (spec §5).
import type { KeyedDocument } from "@upgrade-ledger/projections";
import type { Bucket } from "./bucket.ts";
import { type Contribution, contributionOf, Digest } from "./digest.ts";
import { TakenOverError } from "./errors.ts";
import {
  deletion,
  documentOf,
  type DocumentRole,
  headersOf,
  type StoredDocument,
} from "./stored-document.ts";

/** What is known of a key without reading it. */
interface KnownKey {
  revision: number;
  validAtSeq: number;
  /** What the key adds to the digest of the last checkpoint. */
  covered: Contribution | null;
}

const encoder = new TextEncoder();
/** Keys that are remembered beyond those of the last checkpoint's successors; others are read again when they are needed. */
const MAX_KNOWN_KEYS = 500_000;

export class DocumentStore {
  readonly #bucket: Bucket;
  readonly #generation: number;
  readonly #digest: Digest;
  readonly #known = new Map<string, KnownKey>();
  /** Written since the last checkpoint: what they will add to the digest of one that covers their sequence. */
  readonly #ahead = new Map<string, { contribution: Contribution; validAtSeq: number }>();
  #checkpointSeq: number;

  constructor(
    bucket: Bucket,
    at: {
      readonly generation: number;
      readonly seq: number;
      readonly digest: string;
      readonly states: number;
    },
  ) {
    this.#bucket = bucket;
    this.#generation = at.generation;
    this.#checkpointSeq = at.seq;
    this.#digest = new Digest(at.digest, at.states);
  }

  /** The document under the key; `undefined` if there is none of this generation. */
  async read(key: string): Promise<StoredDocument | undefined> {
    const value = await this.#bucket.read(key);
    if (value === undefined) return undefined;
    const document = documentOf(value);
    this.learn(document);
    return document.generation === this.#generation ? document : undefined;
  }

  /** Takes note of what is stored under a key. @throws TakenOverError if a later rebuild wrote it */
  learn(stored: StoredDocument): void {
    const { key, revision, validAtSeq } = stored;
    if (stored.generation > this.#generation) throw new TakenOverError(`${key} is of a later rebuild`);
    if (stored.generation < this.#generation) {
      this.#known.set(key, { revision, validAtSeq: 0, covered: null });
      return;
    }
    const isAhead = validAtSeq > this.#checkpointSeq;
    this.#known.set(key, { revision, validAtSeq, covered: isAhead ? stored.covered : stored.contribution });
    if (isAhead) this.#ahead.set(key, { contribution: stored.contribution, validAtSeq });
  }

  /** Stores a document unless the same or a later one is there; an older one gives way, whoever wrote it. */
  async put(document: KeyedDocument, role: DocumentRole): Promise<void> {
    const { key, validAtSeq } = document;
    let data: Uint8Array | undefined;
    for (;;) {
      const known = this.#known.get(key);
      if (known !== undefined && known.validAtSeq >= validAtSeq) return;
      data ??= encoder.encode(JSON.stringify(document.value));
      const covered = known?.covered ?? null;
      const note = { generation: this.#generation, validAtSeq, covered, role };
      const revision = await this.#bucket.write(key, data, headersOf(note), known?.revision ?? 0);
      if (revision !== undefined) {
        this.#known.set(key, { revision, validAtSeq, covered });
        this.#ahead.set(key, { contribution: contributionOf(key, validAtSeq, data), validAtSeq });
        return;
      }
      const stored = await this.#bucket.read(key);
      if (stored === undefined) this.#known.set(key, { revision: 0, validAtSeq: 0, covered: null });
      else this.learn(documentOf(stored));
    }
  }

  /** Removes what an earlier build left behind and this one does not have. */
  async removeIfOld(key: string): Promise<void> {
    const known = this.#known.get(key);
    if (known === undefined || known.validAtSeq > 0) return;
    const revision = await this.#bucket.write(key, "", deletion(), known.revision);
    if (revision !== undefined) this.#known.set(key, { ...known, revision });
  }

  /** Brings the digest to what a checkpoint at `seq` covers. */
  coverUpTo(seq: number): { readonly digest: string; readonly states: number } {
    for (const [key, { contribution, validAtSeq }] of this.#ahead) {
      if (validAtSeq > seq) continue;
      const known = this.#known.get(key);
      this.#digest.replace(known?.covered ?? null, contribution);
      if (known !== undefined) known.covered = contribution;
      this.#ahead.delete(key);
    }
    this.#checkpointSeq = seq;
    this.#forgetSome();
    return { digest: this.#digest.hex, states: this.#digest.count };
  }

  #forgetSome(): void {
    for (const key of this.#known.keys()) {
      if (this.#known.size <= MAX_KNOWN_KEYS) return;
      if (!this.#ahead.has(key)) this.#known.delete(key);
    }
  }
}
