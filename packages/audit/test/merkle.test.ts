// The Merkle tree against published vectors and against an oracle.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  CompactRange,
  EMPTY_ROOT,
  entryLeafHash,
  leafHash,
  MerkleTree,
  verifyConsistency,
  verifyInclusion,
} from "../src/index.ts";
import * as oracle from "./merkle-oracle.ts";

const hex = (text: string) => Buffer.from(text, "hex");

/** The leaves and roots that implementations of Certificate Transparency share. */
const LEAVES = [
  "",
  "00",
  "10",
  "2021",
  "3031",
  "40414243",
  "5051525354555657",
  "606162636465666768696a6b6c6d6e6f",
];
const ROOTS = [
  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

const leaves = fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 70 });

function treeOf(data: readonly Uint8Array[]): MerkleTree {
  const tree = new MerkleTree();
  for (const leaf of data) tree.append(leafHash(leaf));
  return tree;
}

/** Every way in which a proof is a little wrong. */
function spoiled(proof: readonly Buffer[]): Buffer[][] {
  const flipped = proof.map((hash, index) => {
    const copy = Buffer.from(hash);
    copy.writeUInt8(copy.readUInt8(index % 32) ^ 1, index % 32);
    return proof.map((each, place) => (place === index ? copy : each));
  });
  return [...flipped, proof.slice(1), proof.slice(0, -1), [...proof, Buffer.alloc(32)]].filter(
    (each) => each.length !== proof.length || flipped.includes(each),
  );
}

describe("published vectors", () => {
  it.each(ROOTS.map((root, size) => ({ root, size })))("the root of $size leaves", ({ root, size }) => {
    const range = new CompactRange();
    for (const leaf of LEAVES.slice(0, size)) range.append(leafHash(hex(leaf)));
    expect(range.root().toString("hex")).toBe(root);
    expect(treeOf(LEAVES.map(hex)).root(size).toString("hex")).toBe(root);
  });

  it("an inclusion proof and a consistency proof", () => {
    const tree = treeOf(LEAVES.map(hex));
    expect(tree.inclusionProof(0, 8).map((hash) => hash.toString("hex"))).toEqual([
      "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]);
    expect(tree.consistencyProof(6, 8).map((hash) => hash.toString("hex"))).toEqual([
      "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
      "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]);
  });
});

describe("against the oracle", () => {
  it("every root, in the range and in the tree, also of a range that is gone on with", () => {
    fc.assert(
      fc.property(leaves, (data) => {
        const tree = treeOf(data);
        let range = new CompactRange();
        expect(range.root()).toEqual(EMPTY_ROOT);
        for (const [index, leaf] of data.entries()) {
          range = CompactRange.from(range.toJSON());
          range.append(leafHash(leaf));
          const root = oracle.root(data.slice(0, index + 1));
          expect(range.root().equals(root)).toBe(true);
          expect(tree.root(index + 1).equals(root)).toBe(true);
        }
        expect(range.size).toBe(data.length);
      }),
      { numRuns: 40 },
    );
  });

  it("every inclusion proof, and no other one is taken for it", () => {
    fc.assert(
      fc.property(leaves, fc.nat(), fc.nat(), (data, some, other) => {
        const size = 1 + (some % data.length);
        const index = other % size;
        const tree = treeOf(data);
        const proof = tree.inclusionProof(index, size);
        expect(proof).toEqual(oracle.path(index, data.slice(0, size)));
        const leaf = leafHash(data[index] ?? new Uint8Array());
        const head = { size, root: tree.root(size) };
        expect(verifyInclusion(leaf, index, head, proof)).toBe(true);
        for (const wrong of spoiled(proof)) expect(verifyInclusion(leaf, index, head, wrong)).toBe(false);
        expect(verifyInclusion(leafHash(Buffer.from("another")), index, head, proof)).toBe(false);
        expect(verifyInclusion(leaf, size, head, proof)).toBe(false);
        expect(verifyInclusion(leaf, index, { size, root: leafHash(head.root) }, proof)).toBe(false);
      }),
      { numRuns: 150 },
    );
  });

  it("every consistency proof, and no other one is taken for it", () => {
    fc.assert(
      fc.property(leaves, fc.nat(), fc.nat(), (data, some, other) => {
        const later = 1 + (some % data.length);
        const earlier = 1 + (other % later);
        const tree = treeOf(data);
        const proof = tree.consistencyProof(earlier, later);
        expect(proof).toEqual(oracle.proof(earlier, data.slice(0, later)));
        const [before, after] = [earlier, later].map((size) => ({ size, root: tree.root(size) }));
        if (before === undefined || after === undefined) throw new Error("two heads");
        expect(verifyConsistency(before, after, proof)).toBe(true);
        for (const wrong of spoiled(proof)) expect(verifyConsistency(before, after, wrong)).toBe(false);
        expect(verifyConsistency({ ...before, root: leafHash(before.root) }, after, proof)).toBe(false);
        expect(verifyConsistency(before, { ...after, root: leafHash(after.root) }, proof)).toBe(false);
        expect(verifyConsistency(after, before, proof)).toBe(earlier === later);
      }),
      { numRuns: 150 },
    );
  });
});

describe("edges", () => {
  it("nothing is the beginning of every tree, but only with the root of nothing", () => {
    const after = { size: 3, root: treeOf(LEAVES.slice(0, 3).map(hex)).root() };
    expect(verifyConsistency({ size: 0, root: EMPTY_ROOT }, after, [])).toBe(true);
    expect(verifyConsistency({ size: 0, root: after.root }, after, [])).toBe(false);
  });

  it("refuses what is out of range", () => {
    const tree = treeOf(LEAVES.map(hex));
    expect(() => tree.inclusionProof(8)).toThrow(RangeError);
    expect(() => tree.inclusionProof(0, 9)).toThrow(RangeError);
    expect(() => tree.consistencyProof(5, 4)).toThrow(RangeError);
    expect(() => tree.root(9)).toThrow(RangeError);
    expect(() => CompactRange.from({ size: 3, roots: [] })).toThrow(RangeError);
    expect(() => CompactRange.from({ size: 1, roots: ["AA=="] })).toThrow(RangeError);
  });

  it("an entry's leaf is its sequence, its subject behind its length, its payload", () => {
    const data = Buffer.from('{"phase":"staging"}');
    const subject = "device-state.pi-1.upgrade";
    const head = Buffer.from([0, 0, 0, 1, 0, 0, 0, 7, 0, subject.length]);
    expect(entryLeafHash({ seq: 2 ** 32 + 7, subject, data })).toEqual(
      leafHash(Buffer.concat([head, Buffer.from(subject), data])),
    );
    const large = Buffer.alloc(300_000, 1);
    expect(entryLeafHash({ seq: 7, subject, data: large })).toEqual(
      leafHash(
        Buffer.concat([
          Buffer.from([0, 0, 0, 0, 0, 0, 0, 7, 0, subject.length]),
          Buffer.from(subject),
          large,
        ]),
      ),
    );
  });

  it("a hundred thousand leaves need seventeen hashes", () => {
    const range = new CompactRange();
    const leaf = leafHash(Buffer.alloc(0));
    for (let count = 0; count < 2 ** 17 - 1; count += 1) range.append(leaf);
    expect(range.toJSON().roots).toHaveLength(17);
  });
});
