// Making inclusion and consistency proofs (RFC 6962 §2.1.1, §2.1.2) from the hashes of complete subtrees.
import { EMPTY_ROOT, nodeHash } from "./hash.ts";

/** The hash of the complete subtree over the leaves `index * 2^level` to `(index + 1) * 2^level - 1`. */
export type SubtreeReader = (level: number, index: number) => Buffer;

/** The root of the tree's first `size` leaves. */
export function rootAt(read: SubtreeReader, size: number): Buffer {
  return size === 0 ? EMPTY_ROOT : rangeRoot(read, 0, size);
}

/**
 * The proof that leaf `index` is in the tree of the first `size` leaves.
 *
 * @throws RangeError when there is no such leaf
 */
export function inclusionProof(read: SubtreeReader, index: number, size: number): Buffer[] {
  assertCount(index);
  assertCount(size);
  if (index >= size) throw new RangeError(`leaf ${index} is not in a tree of ${size}`);
  return path(read, index, 0, size);
}

/**
 * The proof that the tree of the first `size` leaves is the beginning of that of the first `laterSize`.
 *
 * @throws RangeError when the first is larger
 */
export function consistencyProof(read: SubtreeReader, size: number, laterSize: number): Buffer[] {
  assertCount(size);
  assertCount(laterSize);
  if (size > laterSize) throw new RangeError(`a tree of ${size} is not the beginning of one of ${laterSize}`);
  return size === 0 || size === laterSize ? [] : subproof(read, size, 0, laterSize, true);
}

function path(read: SubtreeReader, index: number, begin: number, end: number): Buffer[] {
  if (end - begin === 1) return [];
  const middle = begin + largestPowerBelow(end - begin);
  return index < middle
    ? [...path(read, index, begin, middle), rangeRoot(read, middle, end)]
    : [...path(read, index, middle, end), rangeRoot(read, begin, middle)];
}

function subproof(read: SubtreeReader, size: number, begin: number, end: number, whole: boolean): Buffer[] {
  if (size === end) return whole ? [] : [rangeRoot(read, begin, end)];
  const middle = begin + largestPowerBelow(end - begin);
  return size <= middle
    ? [...subproof(read, size, begin, middle, whole), rangeRoot(read, middle, end)]
    : [...subproof(read, size, middle, end, false), rangeRoot(read, begin, middle)];
}

/** `begin` is a multiple of the largest power of two that is not above the range's length. */
function rangeRoot(read: SubtreeReader, begin: number, end: number): Buffer {
  const length = end - begin;
  const level = Math.log2(length);
  if (Number.isInteger(level)) return read(level, begin / length);
  const middle = begin + largestPowerBelow(length);
  return nodeHash(rangeRoot(read, begin, middle), rangeRoot(read, middle, end));
}

/** The largest power of two that is smaller than `count` (from 2 on). */
function largestPowerBelow(count: number): number {
  let power = 1;
  while (power * 2 < count) power *= 2;
  return power;
}

function assertCount(value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${value} counts nothing`);
}
