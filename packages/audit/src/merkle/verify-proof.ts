// Checking proofs with nothing but roots (RFC 9162 §2.1.3.2, §2.1.4.2: the same trees as RFC 6962, the steps spelled out).
import { EMPTY_ROOT, HASH_BYTES, nodeHash } from "./hash.ts";

export interface TreeHead {
  readonly size: number;
  readonly root: Uint8Array;
}

const isOdd = (value: number): boolean => value % 2 === 1;
const half = (value: number): number => Math.floor(value / 2);

/** Whether the proof shows that the leaf with this hash stands at `index` in the tree. */
export function verifyInclusion(
  leaf: Uint8Array,
  index: number,
  head: TreeHead,
  proof: readonly Uint8Array[],
): boolean {
  if (!isCount(index) || !isCount(head.size) || index >= head.size || !areHashes(proof)) return false;
  let [place, last] = [index, head.size - 1];
  let hash: Buffer = Buffer.from(leaf);
  for (const sibling of proof) {
    if (last === 0) return false;
    if (isOdd(place) || place === last) {
      hash = nodeHash(sibling, hash);
      while (!isOdd(place) && place !== 0) [place, last] = [half(place), half(last)];
    } else {
      hash = nodeHash(hash, sibling);
    }
    [place, last] = [half(place), half(last)];
  }
  return last === 0 && hash.equals(head.root);
}

/** Whether the proof shows that the earlier tree is the beginning of the later one. */
export function verifyConsistency(earlier: TreeHead, later: TreeHead, proof: readonly Uint8Array[]): boolean {
  if (!isCount(earlier.size) || !isCount(later.size) || earlier.size > later.size || !areHashes(proof)) {
    return false;
  }
  if (earlier.size === later.size) return proof.length === 0 && equal(earlier.root, later.root);
  // Nothing is the beginning of everything.
  if (earlier.size === 0) return proof.length === 0 && equal(earlier.root, EMPTY_ROOT);
  const whole = isPowerOfTwo(earlier.size) ? [earlier.root, ...proof] : proof;
  const [first, ...rest] = whole;
  if (first === undefined || proof.length === 0) return false;
  let [place, last] = [earlier.size - 1, later.size - 1];
  while (isOdd(place)) [place, last] = [half(place), half(last)];
  let before: Buffer = Buffer.from(first);
  let after: Buffer = before;
  for (const sibling of rest) {
    if (last === 0) return false;
    if (isOdd(place) || place === last) {
      before = nodeHash(sibling, before);
      after = nodeHash(sibling, after);
      while (!isOdd(place) && place !== 0) [place, last] = [half(place), half(last)];
    } else {
      after = nodeHash(after, sibling);
    }
    [place, last] = [half(place), half(last)];
  }
  return last === 0 && before.equals(earlier.root) && after.equals(later.root);
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.from(a).equals(b);
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function areHashes(proof: readonly Uint8Array[]): boolean {
  return proof.every((hash) => hash.length === HASH_BYTES);
}

function isPowerOfTwo(value: number): boolean {
  return Number.isInteger(Math.log2(value));
}
