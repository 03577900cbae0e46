// Two writers of one key can't interleave: compare-and-set on the revision, and the later sequence stays (spec §5).
import { BUCKETS } from "@upgrade-ledger/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Bucket } from "../../src/projector/bucket.ts";
import { Digest } from "../../src/projector/digest.ts";
import { DocumentStore } from "../../src/projector/document-store.ts";
import { TakenOverError } from "../../src/projector/errors.ts";
import { Scene } from "./ledger-with-events.ts";

let scene: Scene;
let bucket: Bucket;

beforeAll(async () => {
  scene = await Scene.open([]);
  bucket = await scene.bucket(BUCKETS.devices);
});

afterAll(async () => scene.close());

const storeOf = (generation = 1) =>
  new DocumentStore(bucket, { generation, seq: 0, digest: new Digest().hex, states: 0 });
const documentAt = (key: string, validAtSeq: number) => ({ key, validAtSeq, value: { at: validAtSeq } });
const textOf = async (key: string) => new TextDecoder().decode((await bucket.read(key))?.data);

describe("a key that two write", () => {
  it("keeps the later document, although the one who writes the older has never seen it", async () => {
    const [ahead, behind] = [storeOf(), storeOf()];
    await ahead.put(documentAt("later-stays", 12), "state");
    await behind.put(documentAt("later-stays", 10), "state");
    expect(await textOf("later-stays")).toBe('{"at":12}');
  });

  it("gets the later document, although another has written meanwhile", async () => {
    const [one, other] = [storeOf(), storeOf()];
    await one.put(documentAt("older-gives-way", 1), "state");
    await other.put(documentAt("older-gives-way", 2), "state");
    await one.put(documentAt("older-gives-way", 3), "state");
    expect(await textOf("older-gives-way")).toBe('{"at":3}');
  });

  it("is written once for the same sequence", async () => {
    const [one, other] = [storeOf(), storeOf()];
    await one.put(documentAt("once", 5), "state");
    const revision = (await bucket.read("once"))?.revision;
    await other.put(documentAt("once", 5), "state");
    await one.put(documentAt("once", 5), "state");
    expect((await bucket.read("once"))?.revision).toBe(revision);
  });

  it("gives way to a rebuild, whose writer the older build can't overtake", async () => {
    const [old, rebuilt] = [storeOf(1), storeOf(2)];
    await old.put(documentAt("rebuilt", 40), "state");
    await rebuilt.put(documentAt("rebuilt", 3), "state");
    expect(await textOf("rebuilt")).toBe('{"at":3}');
    await expect(old.put(documentAt("rebuilt", 41), "state")).rejects.toThrow(TakenOverError);
    expect(await textOf("rebuilt")).toBe('{"at":3}');
  });
});

describe("the digest", () => {
  it("covers what is valid at or before the checkpoint, in whatever order it was written", async () => {
    const [one, other] = [storeOf(), storeOf()];
    await one.put(documentAt("digest-a", 1), "state");
    await one.put(documentAt("digest-b", 2), "state");
    await other.put(documentAt("digest-b", 2), "state");
    await other.put(documentAt("digest-a", 1), "state");
    const covered = one.coverUpTo(2);
    expect(covered.states).toBe(2);
    expect(other.coverUpTo(2)).toEqual(covered);
    await one.put(documentAt("digest-a", 9), "state");
    expect(one.coverUpTo(8)).toEqual(covered);
    expect(one.coverUpTo(9).digest).not.toBe(covered.digest);
  });
});
