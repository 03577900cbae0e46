// RFC 6962 §2.1 written down as it reads, over the leaves themselves: slow, independent of the code under test.
import { createHash } from "node:crypto";

export type Leaves = readonly Uint8Array[];

function sha256(...parts: readonly Uint8Array[]): Buffer {
  const digest = createHash("sha256");
  for (const part of parts) digest.update(part);
  return digest.digest();
}

const leafPrefix = Buffer.of(0);
const nodePrefix = Buffer.of(1);

/** k: the largest power of two smaller than n. */
function split(n: number): number {
  let k = 1;
  while (k << 1 < n) k <<= 1;
  return k;
}

/** MTH(D[n]) */
export function root(leaves: Leaves): Buffer {
  const [only] = leaves;
  if (only === undefined) return sha256();
  if (leaves.length === 1) return sha256(leafPrefix, only);
  const k = split(leaves.length);
  return sha256(nodePrefix, root(leaves.slice(0, k)), root(leaves.slice(k)));
}

/** PATH(m, D[n]) */
export function path(m: number, leaves: Leaves): Buffer[] {
  if (leaves.length <= 1) return [];
  const k = split(leaves.length);
  const [left, right] = [leaves.slice(0, k), leaves.slice(k)];
  return m < k ? [...path(m, left), root(right)] : [...path(m - k, right), root(left)];
}

/** PROOF(m, D[n]) */
export function proof(m: number, leaves: Leaves): Buffer[] {
  return subproof(m, leaves, true);
}

function subproof(m: number, leaves: Leaves, complete: boolean): Buffer[] {
  if (m === leaves.length) return complete ? [] : [root(leaves)];
  const k = split(leaves.length);
  const [left, right] = [leaves.slice(0, k), leaves.slice(k)];
  return m <= k
    ? [...subproof(m, left, complete), root(right)]
    : [...subproof(m - k, right, false), root(left)];
}
