// Checkpoints of a real ledger: written, gone on from, never in contradiction.
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NatsConnection } from "@nats-io/transport-node";
import { startLedgerServer, waitFor, type LedgerServer } from "@upgrade-ledger/testkit";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import {
  CheckpointLog,
  type Checkpointer,
  type CheckpointerSettings,
  entryLeafHash,
  loadOrCreateCheckpointKey,
  loadOrCreateWriterKey,
  MerkleTree,
  newSignerKey,
  parseSignerKey,
  readCheckpoint,
  signCheckpoint,
  startCheckpointer,
  verifyNote,
} from "../src/index.ts";
import { addDevice, draining, openScene, type Scene, silent, type TestDevice } from "./scene.ts";

const NEVER = 1_000_000_000;
const key = parseSignerKey(newSignerKey("ledger.test"));
const common = { origin: "ledger.test", everyEvents: NEVER, everyMs: NEVER, writerKeys: [] };

let server: LedgerServer;
let scene: Scene;
let device: TestDevice;
let nc: NatsConnection;
let log: CheckpointLog;
let folder: string;
const running: Checkpointer[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "upgrade-ledger-audit-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function freshServer(): Promise<void> {
  server = await startLedgerServer({ syncInterval: "2m" });
  scene = await openScene(server);
  device = await addDevice(server, scene, "pi-1");
  nc = await server.connect("operator");
  log = await CheckpointLog.open(nc);
}
afterEach(async () => {
  await Promise.all(running.splice(0).map(async (checkpointer) => checkpointer.stop()));
  await server.stop();
});

async function start(settings: Partial<CheckpointerSettings> = {}): Promise<Checkpointer> {
  const checkpointer = await startCheckpointer({
    nc,
    key,
    settings: { ...common, ...settings },
    log: silent,
  });
  running.push(checkpointer);
  return checkpointer;
}

/** Lets it read everything, and stops it. */
async function finish(checkpointer: Checkpointer): Promise<void> {
  const { lastSeq } = await scene.ledger.head();
  await waitFor(() => checkpointer.health().readSeq === lastSeq, { describe: "it to have read the ledger" });
  await checkpointer.stop();
}

async function appendSome(count: number): Promise<void> {
  const writer = device.newInstance();
  for (let index = 0; index < count; index += 1) await writer.append(draining());
}

/** What the checkpoints should say, computed apart from the checkpointer. */
async function expectAllTrue(): Promise<number[]> {
  const tree = new MerkleTree();
  for await (const raw of scene.ledger.readRaw()) tree.append(entryLeafHash(raw));
  const all = (await log.all()).map(({ text }) => readCheckpoint(text));
  for (const { checkpoint, note } of all) {
    expect(verifyNote(note, [key.verifier])).toBe("signed");
    expect(checkpoint.root).toEqual(tree.root(checkpoint.size));
    expect(checkpoint.lastSeq).toBe(checkpoint.size);
  }
  return all.map(({ checkpoint }) => checkpoint.size);
}

describe("checkpoints are written", () => {
  it("every so many events, and one at the end for the rest", async () => {
    await freshServer();
    await appendSome(6);
    const checkpointer = await start({ everyEvents: 3, writerKeys: [scene.operatorKey.publicKey] });
    await waitFor(() => checkpointer.health().coveredSeq === 6, { describe: "the second checkpoint" });
    await appendSome(1);
    await finish(checkpointer);
    expect(await expectAllTrue()).toEqual([3, 6, 8]);
    const last = await log.last();
    expect(readCheckpoint(last?.text ?? "").checkpoint.writerKeys).toEqual([scene.operatorKey.publicKey]);
  });

  it("so long after an event that none covers, and none while nothing happens", async () => {
    await freshServer();
    const checkpointer = await start({ everyMs: 20 });
    await waitFor(() => checkpointer.health().coveredSeq === 1, { describe: "the first checkpoint" });
    await appendSome(1);
    await waitFor(() => checkpointer.health().coveredSeq === 2, { describe: "the second checkpoint" });
    await checkpointer.stop();
    await checkpointer.stop();
    expect(await expectAllTrue()).toEqual([1, 2]);
  });

  it("by one of two at a time, never two of the same size that differ", async () => {
    await freshServer();
    const both = [await start({ everyEvents: 2 }), await start({ everyEvents: 3 })];
    await appendSome(20);
    await waitFor(() => both.every((each) => each.health().coveredSeq >= 18), {
      describe: "both to be there",
    });
    for (const each of both) await finish(each);
    const sizes = await expectAllTrue();
    expect(sizes).toEqual([...new Set(sizes)].toSorted((a, b) => a - b));
    expect(sizes.at(-1)).toBe(21);
    expect(both.map((each) => each.health().failure)).toEqual([null, null]);
  });
});

describe("a checkpointer that starts again", () => {
  it("goes on, with its file, with a damaged one, and without", async () => {
    await freshServer();
    const resumeFile = join(folder, "resume.json");
    await finish(await start({ resumeFile }));
    await appendSome(2);
    await finish(await start({ resumeFile }));
    expect(JSON.parse(await readFile(resumeFile, "utf8"))).toMatchObject({ last_seq: 3, range: { size: 3 } });
    await appendSome(1);
    await writeFile(resumeFile, "{");
    await finish(await start({ resumeFile }));
    await appendSome(1);
    await finish(await start());
    expect(await expectAllTrue()).toEqual([1, 3, 4, 5]);
  });

  it("goes on from the checkpoints of an earlier key, but not from those of a stranger's", async () => {
    await freshServer();
    const earlier = parseSignerKey(newSignerKey("ledger.test"));
    await finish(await startCheckpointer({ nc, key: earlier, settings: common, log: silent }));
    await expect(start()).rejects.toThrow("is not signed by a key of ours");
    await finish(await start({ formerKeys: [earlier.verifier.text] }));
    await expect(start({ origin: "another", formerKeys: [earlier.verifier.text] })).rejects.toThrow(
      "is of ledger.test",
    );
  });

  it("signs nothing over a ledger that is not the one that the last checkpoint covers", async () => {
    await freshServer();
    await appendSome(3);
    const lie = {
      origin: "ledger.test",
      size: 2,
      root: Buffer.alloc(32, 7),
      lastSeq: 2,
      signedAt: "",
      writerKeys: [],
    };
    await log.append(signCheckpoint(lie, key), 0);
    const checkpointer = await start({ everyEvents: 1 });
    await waitFor(() => checkpointer.health().failure, { describe: "the refusal" });
    expect(checkpointer.health().failure).toMatch(/up to sequence 2 is not what checkpoint 1 says/);
    await checkpointer.stop();
    expect(await log.all()).toHaveLength(1);
  });

  it("signs nothing over a ledger that is shorter than the last checkpoint", async () => {
    await freshServer();
    const lie = {
      origin: "ledger.test",
      size: 9,
      root: Buffer.alloc(32),
      lastSeq: 9,
      signedAt: "",
      writerKeys: [],
    };
    await log.append(signCheckpoint(lie, key), 0);
    await expect(start()).rejects.toThrow("the ledger ends at sequence 1, but checkpoint 1 covers 9");
    await log.append("no note", 1);
    await expect(start()).rejects.toThrow("checkpoint 2 cannot be read");
  });
});

describe("the keys", () => {
  it("are made once, and the secret ones are the owner's alone", async () => {
    await freshServer();
    const keys = join(folder, "keys");
    const [first, second] = await Promise.all([
      loadOrCreateCheckpointKey(keys, "ledger.test"),
      loadOrCreateCheckpointKey(keys, "ledger.test"),
    ]);
    expect(second.verifier.text).toBe(first.verifier.text);
    expect(await readFile(join(keys, "checkpoint.pub"), "utf8")).toBe(`${first.verifier.text}\n`);
    const writer = await loadOrCreateWriterKey(keys);
    expect((await loadOrCreateWriterKey(keys)).publicKey).toBe(writer.publicKey);
    expect(await readFile(join(keys, "writer.pub"), "utf8")).toBe(`${writer.publicKey}\n`);
    for (const file of ["checkpoint.key", "writer.seed"]) {
      expect((await stat(join(keys, file))).mode & 0o777).toBe(0o600);
    }
  });
});
