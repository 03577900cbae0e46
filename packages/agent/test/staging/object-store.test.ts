// The object store through a real server, as a device that may do nothing but direct gets (spec §3.1, §8).
import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { Objm } from "@nats-io/obj";
import type { NatsConnection } from "@nats-io/transport-node";
import { ARTIFACT_STORE, objectName } from "@upgrade-ledger/contract";
import { type LedgerServer, startLedgerServer } from "@upgrade-ledger/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { partialPath } from "../../src/staging/partial-file.ts";
import { createSources } from "../../src/staging/sources.ts";
import type { StageOptions } from "../../src/staging/stage-once.ts";
import { makeArtifact, refusal, stageOnce, stageOptions, type TestArtifact } from "./artifact.ts";

const NAME = objectName("0.1.2", "any");
const URL = `nats://${ARTIFACT_STORE}/${NAME}`;
let server: LedgerServer;
let device: NatsConnection;

beforeAll(async () => {
  server = await startLedgerServer();
  device = await server.connectDevice("pi-0042");
});
afterAll(() => server.stop());

async function upload(name: string, content: Buffer): Promise<void> {
  const store = await new Objm(await server.connect("api")).open(ARTIFACT_STORE);
  await store.putBlob({ name }, content);
}

async function uploaded(size?: number): Promise<TestArtifact> {
  const made = makeArtifact(URL, {}, size);
  await upload(NAME, made.content);
  return made;
}

function options(
  made: TestArtifact,
  connection: () => NatsConnection | null = () => device,
): Promise<StageOptions> {
  return stageOptions(made.artifact, { sources: createSources({ connection, idleTimeoutMs: 2_000 }) });
}

describe("nats:", () => {
  it.each([1, 131_072, 131_073, 700_000])("brings an object of %i bytes", async (size) => {
    const made = await uploaded(size);
    const staged = await stageOnce(await options(made));
    expect((await readFile(staged.path)).equals(made.content)).toBe(true);
  });

  it("resumes behind what is on disk", async () => {
    const made = await uploaded(700_000);
    const attempt = await options(made);
    const partial = partialPath(attempt.layout.versionedPath("0.1.2"), made.artifact.sha256);
    await writeFile(partial, made.content.subarray(0, 400_000));
    const seen: number[] = [];
    const staged = await stageOnce({ ...attempt, onProgress: ({ doneBytes }) => seen.push(doneBytes) });
    expect((await readFile(staged.path)).equals(made.content)).toBe(true);
    expect(seen[0]).toBeGreaterThan(400_000);
  });

  it("an object that was deleted is final", async () => {
    const made = await uploaded();
    const store = await new Objm(await server.connect("api")).open(ARTIFACT_STORE);
    await store.delete(NAME);
    expect(await refusal(stageOnce(await options(made)))).toMatchObject({
      code: "download_refused",
      retryable: false,
      message: expect.stringContaining("deleted"),
    });
  });

  it("an object that is not there is final", async () => {
    const made = makeArtifact(`nats://${ARTIFACT_STORE}/fleet-agent-v0.1.2-never`);
    expect(await refusal(stageOnce(await options(made)))).toMatchObject({
      code: "download_refused",
      retryable: false,
      message: expect.stringContaining("has no object fleet-agent-v0.1.2-never"),
    });
  });

  it("another bucket cannot be named", async () => {
    const made = makeArtifact("nats://secrets/fleet-agent-v0.1.2-any");
    expect(await refusal(stageOnce(await options(made)))).toMatchObject({
      code: "download_refused",
      retryable: false,
      message: expect.stringContaining("nats://agent-artifacts/"),
    });
  });

  it("an object of another size is refused before a chunk is fetched", async () => {
    await upload(NAME, randomBytes(5));
    const error = await refusal(stageOnce(await options(makeArtifact(URL))));
    expect(error).toMatchObject({ code: "size_mismatch", retryable: false });
  });

  it("without a connection it is worth another attempt", async () => {
    const error = await refusal(stageOnce(await options(makeArtifact(URL), () => null)));
    expect(error).toMatchObject({ code: "download_failed", retryable: true });
    expect(error.message).toContain("not connected");
  });
});
