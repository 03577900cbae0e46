// Signatures by NKeys, against the NATS project's own implementation.
import { newDeviceKey } from "@upgrade-ledger/nats";
import { fromPublic, fromSeed } from "@nats-io/nkeys";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InvalidKeyError, signerOf, verifySignature } from "../src/index.ts";

const bytes = fc.uint8Array({ maxLength: 300 });

describe("a signature", () => {
  it("is the one that the NATS libraries make and accept", () => {
    fc.assert(
      fc.property(bytes, (data) => {
        const key = newDeviceKey();
        const signer = signerOf(key.seed);
        expect(signer.publicKey).toBe(key.publicKey);
        const theirs = fromSeed(Buffer.from(key.seed)).sign(data);
        expect(signer.sign(data)).toBe(Buffer.from(theirs).toString("base64"));
        expect(fromPublic(key.publicKey).verify(data, theirs)).toBe(true);
        expect(verifySignature(key.publicKey, data, signer.sign(data))).toBe(true);
      }),
      { numRuns: 20 },
    );
  });

  it("holds for these bytes, this key and this text only", () => {
    const [key, other] = [newDeviceKey(), newDeviceKey()];
    const data = Buffer.from('{"phase":"done"}');
    const signature = signerOf(key.seed).sign(data);
    expect(verifySignature(other.publicKey, data, signature)).toBe(false);
    expect(verifySignature(key.publicKey, Buffer.from('{"phase":"Done"}'), signature)).toBe(false);
    for (const text of ["", "AAAA", `${signature} `, signature.slice(0, -2), `A${signature.slice(1)}`]) {
      expect(verifySignature(key.publicKey, data, text)).toBe(text === signature);
    }
  });
});

describe("a key", () => {
  const { publicKey, seed } = newDeviceKey();

  it.each([
    "",
    "U",
    publicKey.slice(0, -1),
    `${publicKey}A`,
    publicKey.toLowerCase(),
    seed,
    publicKey.replace(/^U/, "A"),
    "1".repeat(56),
  ])("that is no public user key is refused: %j", (text) => {
    expect(() => verifySignature(text, Buffer.alloc(1), "")).toThrow(InvalidKeyError);
  });

  it.each([
    "",
    "SU",
    publicKey,
    seed.slice(0, -1),
    seed.replace(/^SU/, "SA"),
    `${seed.slice(0, 20)}A${seed.slice(21)}B`,
  ])("that is no seed of a user is refused, without being quoted", (text) => {
    expect(() => signerOf(text)).toThrow(InvalidKeyError);
    expect(() => signerOf(text)).toThrow(/^not the seed of a user NKey/);
  });
});
