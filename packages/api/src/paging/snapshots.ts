import { ApiProblem } from "../problem/problem.ts";

const KEPT = 32;
const KEPT_MS = 600_000;

interface Snapshot<T> {
  readonly rows: readonly T[];
  readonly seq: number;
  readonly madeAt: number;
}

/** Lists of which not all pages have been fetched, so that later pages are cut from the same view as the first. */
export class Snapshots<T> {
  readonly #kept = new Map<string, Snapshot<T>>();
  readonly #ids = new WeakMap<readonly T[], string>();
  #count = 0;

  /** Keeps a list and answers its name; a list that is kept already, by the same one. The oldest ones go. */
  keep(rows: readonly T[], seq: number, now: number): string {
    const id = this.#ids.get(rows) ?? String(++this.#count);
    this.#ids.set(rows, id);
    this.#kept.delete(id);
    this.#kept.set(id, { rows, seq, madeAt: now });
    for (const [old, { madeAt }] of this.#kept) {
      if (this.#kept.size <= KEPT && now - madeAt < KEPT_MS) break;
      this.#kept.delete(old);
    }
    return id;
  }

  /** @throws ApiProblem `page_token_expired` */
  get(id: string): Snapshot<T> {
    const snapshot = this.#kept.get(id);
    if (snapshot === undefined) {
      throw new ApiProblem("page_token_expired", "The list that this page belongs to is no longer kept.");
    }
    return snapshot;
  }
}
