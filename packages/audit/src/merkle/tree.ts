// A whole tree in memory, level by level: 64 bytes for each leaf. For proofs; a root alone needs only a CompactRange.
import { HASH_BYTES, nodeHash } from "./hash.ts";
import { consistencyProof, inclusionProof, rootAt } from "./proof.ts";

const FIRST_HASHES = 64;

export class MerkleTree {
  readonly #levels: Level[] = [];
  readonly #read = (level: number, index: number): Buffer => {
    const found = this.#levels[level]?.at(index);
    if (found === undefined) throw new RangeError(`no subtree ${index} at level ${level}`);
    return found;
  };

  get size(): number {
    return this.#levels[0]?.count ?? 0;
  }

  append(leaf: Buffer): void {
    let hash = leaf;
    for (let depth = 0; ; depth += 1) {
      const level = (this.#levels[depth] ??= new Level());
      level.push(hash);
      if (level.count % 2 === 1) return;
      hash = nodeHash(this.#read(depth, level.count - 2), hash);
    }
  }

  /** The root of the first `size` leaves; default: of all. @throws RangeError beyond the last leaf */
  root(size: number = this.size): Buffer {
    return rootAt(this.#read, size);
  }

  /** @throws RangeError when there is no such leaf */
  inclusionProof(index: number, size: number = this.size): Buffer[] {
    return inclusionProof(this.#read, index, size);
  }

  /** @throws RangeError when the trees are not one after the other */
  consistencyProof(size: number, laterSize: number = this.size): Buffer[] {
    return consistencyProof(this.#read, size, laterSize);
  }
}

/** The hashes of one level, side by side in one growing buffer. */
class Level {
  count = 0;
  #hashes = Buffer.alloc(FIRST_HASHES * HASH_BYTES);

  push(hash: Uint8Array): void {
    const at = this.count * HASH_BYTES;
    if (at === this.#hashes.length) {
      const larger = Buffer.alloc(2 * at);
      larger.set(this.#hashes);
      this.#hashes = larger;
    }
    this.#hashes.set(hash, at);
    this.count += 1;
  }

  at(index: number): Buffer | undefined {
    return index < this.count
      ? this.#hashes.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES)
      : undefined;
  }
}
