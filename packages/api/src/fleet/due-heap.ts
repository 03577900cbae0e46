interface Due<T> {
  readonly atMs: number;
  readonly what: T;
}

/** What is due at which moment, the earliest first: a binary heap. */
export class DueHeap<T> {
  readonly #items: Due<T>[] = [];

  add(atMs: number, what: T): void {
    const items = this.#items;
    let hole = items.push({ atMs, what }) - 1;
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      if (this.#atMs(parent) <= this.#atMs(hole)) return;
      this.#swap(hole, parent);
      hole = parent;
    }
  }

  /** Takes out the earliest if its moment lies before `nowMs`. */
  takeBefore(nowMs: number): Due<T> | undefined {
    const [first] = this.#items;
    if (first === undefined || first.atMs >= nowMs) return undefined;
    const last = this.#items.pop();
    if (last !== undefined && this.#items.length > 0) {
      this.#items[0] = last;
      this.#sink();
    }
    return first;
  }

  #sink(): void {
    let hole = 0;
    for (;;) {
      const left = 2 * hole + 1;
      const child = this.#atMs(left + 1) < this.#atMs(left) ? left + 1 : left;
      if (this.#atMs(child) >= this.#atMs(hole)) return;
      this.#swap(hole, child);
      hole = child;
    }
  }

  /** Beyond the end: never. */
  #atMs(index: number): number {
    return this.#items[index]?.atMs ?? Number.POSITIVE_INFINITY;
  }

  #swap(a: number, b: number): void {
    const [left, right] = [this.#items[a], this.#items[b]];
    if (left === undefined || right === undefined) return;
    this.#items[a] = right;
    this.#items[b] = left;
  }
}
