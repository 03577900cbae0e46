// The growing tree's right edge: all that is needed to add leaves and to know the root, O(log n) hashes.
import { EMPTY_ROOT, HASH_BYTES, nodeHash } from "./hash.ts";

export class CompactRange {
  #size = 0;
  /** Roots of the complete subtrees from left to right, each larger than the next. */
  readonly #roots: Buffer[] = [];

  get size(): number {
    return this.#size;
  }

  append(leaf: Buffer): void {
    let merged = leaf;
    for (let left = this.#size; left % 2 === 1; left = (left - 1) / 2) {
      const sibling = this.#roots.pop();
      if (sibling === undefined) throw new RangeError("a compact range lacks a subtree");
      merged = nodeHash(sibling, merged);
    }
    this.#roots.push(merged);
    this.#size += 1;
  }

  /** The root of the tree of all leaves so far. */
  root(): Buffer {
    return (
      this.#roots.reduceRight(
        (right: Buffer | undefined, left) => (right === undefined ? left : nodeHash(left, right)),
        undefined,
      ) ?? EMPTY_ROOT
    );
  }

  /** Enough to go on later: see {@link CompactRange.from}. */
  toJSON(): CompactRangeState {
    return { size: this.#size, roots: this.#roots.map((root) => root.toString("base64")) };
  }

  /** @throws RangeError if the state does not fit together */
  static from(state: CompactRangeState): CompactRange {
    const range = new CompactRange();
    const roots = state.roots.map((root) => Buffer.from(root, "base64"));
    if (!Number.isSafeInteger(state.size) || state.size < 0 || roots.length !== onesIn(state.size)) {
      throw new RangeError("a compact range has as many subtrees as its size has binary ones");
    }
    if (roots.some((root) => root.length !== HASH_BYTES)) throw new RangeError("a hash has 32 bytes");
    range.#size = state.size;
    range.#roots.push(...roots);
    return range;
  }
}

export interface CompactRangeState {
  readonly size: number;
  /** base64 */
  readonly roots: readonly string[];
}

function onesIn(value: number): number {
  return value.toString(2).replaceAll("0", "").length;
}
