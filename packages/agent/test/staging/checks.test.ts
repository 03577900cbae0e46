// What is checked before a byte is fetched, and of the bytes afterwards (spec §4, Staging and Layout).
import { execFileSync } from "node:child_process";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Artifact } from "@upgrade-ledger/contract";
import { describe, expect, it, onTestFinished } from "vitest";
import { createLayout } from "../../src/layout/layout.ts";
import { devicePlatform } from "../../src/staging/platform.ts";
import { stageKept } from "../../src/staging/stage-kept.ts";
import { tempFolder } from "../temp-folder.ts";
import { makeArtifact, refusal, sign, stageOnce, stageOptions, type TestArtifact } from "./artifact.ts";

/** An artifact in a file, with `changes` to what is said about it. */
async function inFile(changes: Partial<Artifact> = {}): Promise<TestArtifact> {
  const file = join(await tempFolder(), "agent");
  const made = makeArtifact(pathToFileURL(file).href, changes);
  await writeFile(file, made.content);
  return made;
}

describe("file:", () => {
  it("is copied, checked and placed", async () => {
    const { artifact, content } = await inFile();
    expect((await readFile((await stageOnce(await stageOptions(artifact))).path)).equals(content)).toBe(true);
  });

  it.each(["file:///nowhere/agent", "file:///tmp", "file://elsewhere/agent"])("%s is final", async (url) => {
    const error = await refusal(stageOnce(await stageOptions((await inFile({ url })).artifact)));
    expect(error).toMatchObject({ code: "download_refused", retryable: false });
  });
});

describe("before anything is fetched", () => {
  it("the platform must be this device's", async () => {
    const mine = await inFile({ platform: devicePlatform() });
    await stageOnce(await stageOptions(mine.artifact));
    const other = await inFile({ platform: "plan9-mips" });
    const error = await refusal(stageOnce(await stageOptions(other.artifact)));
    expect(error).toMatchObject({ code: "platform_mismatch", retryable: false });
    expect(error.message).toContain(devicePlatform());
  });

  it.each([
    ["unsigned", "unsigned", "signature_invalid"],
    ["for another version", sign(Buffer.from("x"), "fleet-agent-v0.1.1"), "signature_invalid"],
  ])("a signature that is %s is refused, and nothing is left behind", async (_what, signature, code) => {
    const { artifact } = await inFile({ signature });
    const options = await stageOptions({ ...artifact, url: "http://127.0.0.1:1/never-asked" });
    expect(await refusal(stageOnce(options))).toMatchObject({ code, retryable: false });
    expect(await readdir(options.layout.binFolder)).toEqual([]);
  });

  it("a key that is not trusted is refused", async () => {
    const { artifact } = await inFile();
    expect(await refusal(stageOnce(await stageOptions(artifact, { trustedKeys: [] })))).toMatchObject({
      code: "signature_untrusted",
      retryable: false,
    });
  });

  it("a full disk is final; nothing is left behind", async () => {
    const prefix = await tempFolder();
    mountTmpfs(prefix, "size=32m");
    const { artifact } = await inFile();
    const options = await stageOptions(artifact, { layout: createLayout({ prefix }) });
    const error = await refusal(stageOnce(options));
    expect(error).toMatchObject({ code: "disk_full", retryable: false });
    expect(error.message).toMatch(/has 3\d\.\d MiB free; staging needs 64\.6 MiB/);
    expect(await readdir(options.layout.binFolder)).toEqual([]);
  });

  it("a disk that fills up while the bytes come is final; what came is removed, to give room", async () => {
    const prefix = await tempFolder();
    mountTmpfs(prefix, "size=80m");
    const { artifact } = await inFile();
    const layout = createLayout({ prefix });
    await mkdir(layout.binFolder, { recursive: true });
    const filler = join(prefix, "filler");
    const options = await stageOptions(artifact, {
      layout,
      sources: {
        ...(await stageOptions(artifact)).sources,
        file: {
          open: async () => {
            await writeFile(filler, Buffer.alloc(80 * 1024 * 1024)).catch(() => undefined);
            return { startsAt: 0, chunks: once(Buffer.alloc(300_000)) };
          },
        },
      },
    });
    expect(await refusal(stageOnce(options))).toMatchObject({ code: "disk_full", retryable: false });
    expect(await readdir(layout.binFolder)).toEqual([]);
  });
});

async function* once(chunk: Uint8Array): AsyncGenerator<Uint8Array> {
  yield chunk;
}

function mountTmpfs(folder: string, options: string): void {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", folder], { stdio: "pipe" });
  } catch (cause) {
    throw new Error("This test mounts a small tmpfs to try a full disk: run it as root", { cause });
  }
  onTestFinished(() => void execFileSync("umount", [folder]));
}

describe("of the bytes", () => {
  it("a wrong SHA-256 is final, and nothing is left behind", async () => {
    const { artifact } = await inFile({ sha256: "0".repeat(64) });
    const options = await stageOptions(artifact);
    expect(await refusal(stageOnce(options))).toMatchObject({ code: "hash_mismatch", retryable: false });
    expect(await readdir(options.layout.binFolder)).toEqual([]);
  });

  it("a wrong size is final", async () => {
    const { artifact } = await inFile({ size_bytes: 7 });
    expect(await refusal(stageOnce(await stageOptions(artifact)))).toMatchObject({ code: "size_mismatch" });
  });

  it("a good signature of other bytes is refused, although the hash is right", async () => {
    const { artifact } = await inFile({ signature: sign(Buffer.from("other bytes"), "fleet-agent-v0.1.2") });
    const options = await stageOptions(artifact);
    expect(await refusal(stageOnce(options))).toMatchObject({ code: "signature_invalid", retryable: false });
    expect(await readdir(options.layout.binFolder)).toEqual([]);
  });
});

describe("what stands at the versioned path already", () => {
  it("is not fetched again if it has the wanted hash, but its signature counts", async () => {
    const { artifact, content } = await inFile();
    const options = await stageOptions({ ...artifact, url: "http://127.0.0.1:1/never-asked" });
    const path = options.layout.versionedPath("0.1.2");
    await writeFile(path, content, { mode: 0o600 });
    expect(await stageOnce(options)).toMatchObject({ path, sha256: artifact.sha256 });
    expect((await stat(path)).mode & 0o777).toBe(0o755);
    const forged = { ...options.artifact, signature: sign(Buffer.from("x"), "fleet-agent-v0.1.2") };
    expect(await refusal(stageOnce({ ...options, artifact: forged }))).toMatchObject({
      code: "signature_invalid",
    });
  });

  it("is set aside if it is other bytes that were never active", async () => {
    const { artifact, content } = await inFile();
    const options = await stageOptions(artifact);
    const path = options.layout.versionedPath("0.1.2");
    await writeFile(path, "other");
    await stageOnce(options);
    expect((await readFile(path)).equals(content)).toBe(true);
    // sha256 of "other" begins with d9298a10
    expect(await readFile(`${path}.rejected-d9298a10`, "utf8")).toBe("other");
  });

  it.each([
    ["the agent knows that it ran", true, false],
    ["the symlink names it", false, true],
  ])("is a conflict if it is other bytes and %s", async (_what, known, linked) => {
    const { artifact } = await inFile();
    const options = await stageOptions(artifact, { wasActive: () => known });
    await writeFile(options.layout.versionedPath("0.1.2"), "other", { mode: 0o755 });
    if (linked) await options.layout.swap("0.1.2");
    expect(await refusal(stageOnce(options))).toMatchObject({ code: "version_conflict", retryable: false });
    expect(await readFile(options.layout.versionedPath("0.1.2"), "utf8")).toBe("other");
  });

  it("may be the remains of another download: they are removed, and never resumed", async () => {
    const { artifact } = await inFile();
    const options = await stageOptions(artifact);
    await writeFile(join(options.layout.binFolder, ".fleet-agent-v0.1.2.00000000.partial"), "other");
    await stageOnce(options);
    expect(await readdir(options.layout.binFolder)).toEqual(["fleet-agent-v0.1.2"]);
  });
});

describe("a version that was kept", () => {
  const signal = new AbortController().signal;

  it("serves without an artifact if it was active", async () => {
    const layout = createLayout({ prefix: await tempFolder() });
    await mkdir(layout.binFolder, { recursive: true });
    await writeFile(layout.versionedPath("0.1.1"), "other");
    expect(await stageKept({ version: "0.1.1", layout, signal, wasActive: () => true })).toEqual({
      path: layout.versionedPath("0.1.1"),
      sha256: expect.stringMatching(/^d9298a10/),
      keyId: null,
    });
    const never = stageKept({ version: "0.1.1", layout, signal, wasActive: () => false });
    expect(await refusal(never)).toMatchObject({ code: "artifact_missing", retryable: false });
    const absent = stageKept({ version: "0.1.0", layout, signal, wasActive: () => true });
    expect(await refusal(absent)).toMatchObject({ code: "artifact_missing", retryable: false });
  });
});
