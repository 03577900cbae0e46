import { readdir, readFile, stat } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { makeArtifact, refusal, stageOnce, stageOptions, type TestArtifact } from "./artifact.ts";
import { type Answer, cutAfter, serve, status, type TestServer, whole } from "./http-server.ts";

/** A server whose first answers are given, and which is a proper file server from then on. */
async function served(
  ...first: ((content: Buffer) => Answer)[]
): Promise<TestArtifact & { server: TestServer }> {
  let content: Buffer = Buffer.alloc(0);
  const server = await serve((request, response, count) =>
    (first[count - 1] ?? whole)(content)(request, response, count),
  );
  const made = makeArtifact(server.url);
  ({ content } = made);
  return { ...made, server };
}

describe("over HTTP", () => {
  it("brings the bytes to the versioned path, executable, and reports progress", async () => {
    const { artifact, content } = await served();
    const seen: number[] = [];
    const options = await stageOptions(artifact, { onProgress: ({ doneBytes }) => seen.push(doneBytes) });
    const staged = await stageOnce(options);
    expect(staged).toEqual({
      path: options.layout.versionedPath("0.1.2"),
      sha256: artifact.sha256,
      keyId: expect.stringMatching(/^[0-9A-F]{16}$/),
    });
    expect((await readFile(staged.path)).equals(content)).toBe(true);
    expect((await stat(staged.path)).mode & 0o777).toBe(0o755);
    expect(seen.at(-1)).toBe(content.length);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(await readdir(options.layout.binFolder)).toEqual(["fleet-agent-v0.1.2"]);
  });

  it("resumes where the connection was cut", async () => {
    const { artifact, content, server } = await served((bytes) => cutAfter(bytes, 100_000));
    const options = await stageOptions(artifact);
    expect(await refusal(stageOnce(options))).toMatchObject({ code: "download_failed", retryable: true });
    const staged = await stageOnce(options);
    expect((await readFile(staged.path)).equals(content)).toBe(true);
    expect(server.ranges[0]).toBeUndefined();
    expect(Number(/^bytes=(\d+)-$/.exec(server.ranges[1] ?? "")?.[1])).toBeGreaterThan(0);
  });

  it("starts over when the server ignores Range, or says that the range is none", async () => {
    for (const second of [
      (bytes: Buffer): Answer =>
        (_request, response) =>
          response.writeHead(200, { "content-length": bytes.length }).end(bytes),
      () => status(416),
    ]) {
      const { artifact, content } = await served((bytes) => cutAfter(bytes, 100_000), second);
      const options = await stageOptions(artifact);
      await refusal(stageOnce(options));
      expect((await readFile((await stageOnce(options)).path)).equals(content)).toBe(true);
    }
  });

  it("does not go on with what the server has replaced: one more attempt from the start", async () => {
    const { artifact, content } = await served((bytes) => cutAfter(Buffer.alloc(bytes.length), 100_000));
    const options = await stageOptions(artifact);
    await refusal(stageOnce(options));
    expect(await refusal(stageOnce(options))).toMatchObject({ code: "hash_mismatch", retryable: true });
    expect((await readFile((await stageOnce(options)).path)).equals(content)).toBe(true);
  });

  it.each([401, 403, 404, 410])("%i is final", async (code) => {
    const { artifact } = await served(() => status(code));
    const error = await refusal(stageOnce(await stageOptions(artifact)));
    expect(error).toMatchObject({ code: "download_refused", retryable: false });
    expect(error.message).toContain(`answered ${code}`);
  });

  it.each([400, 408, 429, 500, 503])("%i is worth another attempt", async (code) => {
    const { artifact } = await served(() => status(code));
    expect(await refusal(stageOnce(await stageOptions(artifact)))).toMatchObject({
      code: "download_failed",
      retryable: true,
    });
  });

  it("follows a redirect", async () => {
    const { artifact, server } = await served(() => status(302, { location: "/elsewhere" }));
    await stageOnce(await stageOptions(artifact));
    expect(server.ranges).toHaveLength(2);
  });

  it("a server that falls silent has failed, and what came is kept", async () => {
    const { artifact, server } = await served((bytes) => (_request, response) => {
      response.writeHead(200, { "content-length": bytes.length });
      response.write(bytes.subarray(0, 65_536));
    });
    const options = await stageOptions(artifact);
    const error = await refusal(stageOnce(options));
    expect(error).toMatchObject({ code: "download_failed", retryable: true });
    expect(error.message).toContain("nothing came for 300 ms");
    await stageOnce(options);
    expect(server.ranges[1]).toBe("bytes=65536-");
  });

  it("a slow server is fine, as long as something comes", async () => {
    const { artifact, content } = await served((bytes) => (_request, response) => {
      response.writeHead(200, { "content-length": bytes.length });
      let sent = 0;
      const timer = setInterval(() => {
        response.write(bytes.subarray(sent, (sent += 50_000)));
        if (sent < bytes.length) return;
        clearInterval(timer);
        response.end();
      }, 100);
    });
    expect((await readFile((await stageOnce(await stageOptions(artifact))).path)).equals(content)).toBe(true);
  });

  it("refuses a wrong length, announced or not", async () => {
    for (const wrong of [
      (bytes: Buffer): Answer => whole(bytes.subarray(1)),
      (bytes: Buffer): Answer => whole(Buffer.concat([bytes, bytes])),
      (bytes: Buffer): Answer =>
        (_request, response) =>
          void response.end(Buffer.concat([bytes, Buffer.from("more")])),
    ]) {
      const { artifact } = await served(wrong);
      const options = await stageOptions(artifact);
      expect(await refusal(stageOnce(options))).toMatchObject({ code: "size_mismatch", retryable: false });
      expect(await readdir(options.layout.binFolder)).toEqual([]);
    }
  });

  it("an answer that ends too early without saying so is resumed", async () => {
    const { artifact, server } = await served((bytes) => (_request, response) => {
      response.write(bytes.subarray(0, 1_000));
      response.end();
    });
    const options = await stageOptions(artifact);
    expect((await refusal(stageOnce(options))).message).toContain("after 1000 of 300000 bytes");
    await stageOnce(options);
    expect(server.ranges[1]).toBe("bytes=1000-");
  });

  it("nobody listening is worth another attempt, and says so", async () => {
    const { artifact } = makeArtifact("http://127.0.0.1:1/agent");
    const error = await refusal(stageOnce(await stageOptions(artifact)));
    expect(error).toMatchObject({ code: "download_failed", retryable: true });
    expect(error.message).toContain("127.0.0.1");
  });

  it("ends at once when it is called off, and resumes later", async () => {
    const { artifact, server } = await served((bytes) => (_request, response) => {
      response.writeHead(200, { "content-length": bytes.length });
      response.write(bytes.subarray(0, 65_536));
    });
    const controller = new AbortController();
    const options = await stageOptions(artifact, {
      signal: controller.signal,
      onProgress: () => controller.abort(new Error("superseded")),
    });
    await expect(stageOnce(options)).rejects.toThrow("superseded");
    await stageOnce({ ...options, signal: new AbortController().signal });
    expect(server.ranges[1]).toMatch(/^bytes=[1-9]/);
  });
});
