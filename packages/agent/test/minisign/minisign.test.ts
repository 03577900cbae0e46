import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import {
  BLAKE2B_512,
  MinisignError,
  parsePublicKey,
  signMinisign,
  verifyMinisign,
} from "../../src/minisign/index.ts";
import { tempFolder } from "../temp-folder.ts";
import { minisign } from "./minisign-program.ts";

const NAME = "fleet-agent-v0.1.2";
const CONTENT = Buffer.from("#!/usr/bin/env node\nconsole.log('agent')\n");
const keys = { public: "", secret: "", otherPublic: "", otherSecret: "" };

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), "minisign-keys-"));
  for (const name of ["own", "other"])
    await minisign(["-G", "-W", "-p", `${name}.pub`, "-s", `${name}.key`], folder);
  const read = (name: string) => readFile(join(folder, name), "utf8");
  keys.public = await read("own.pub");
  keys.secret = await read("own.key");
  keys.otherPublic = await read("other.pub");
  keys.otherSecret = await read("other.key");
  await rm(folder, { recursive: true });
});

function ours(
  content: Buffer = CONTENT,
  fileName: string = NAME,
  secretKeyText: string = keys.secret,
): string {
  return signMinisign({ content, fileName, secretKeyText, untrustedComment: "a test" });
}

/** Signed by the program, with `-x` and so on as given. */
async function theirs(...options: string[]): Promise<string> {
  const folder = await tempFolder();
  await writeFile(join(folder, NAME), CONTENT);
  await writeFile(join(folder, "key"), keys.secret);
  await minisign(["-S", "-s", "key", "-m", NAME, "-W", ...options], folder);
  return readFile(join(folder, `${NAME}.minisig`), "utf8");
}

function check(signatureText: string, content: Buffer = CONTENT, trustedKeys: string[] = [keys.public]) {
  const digest = createHash(BLAKE2B_512).update(content).digest();
  return verifyMinisign({ signatureText, digest, trustedKeys, expectedFileName: NAME });
}

function refusal(run: () => unknown): MinisignError {
  try {
    run();
  } catch (error) {
    if (error instanceof MinisignError) return error;
    throw error;
  }
  throw new Error("it was accepted");
}

/** Line `index` with one base64 character changed. */
function altered(signatureText: string, index: number): string {
  const lines = signatureText.split("\n");
  const line = lines[index] ?? "";
  const at = line.length - 10;
  lines[index] = line.slice(0, at) + (line[at] === "A" ? "B" : "A") + line.slice(at + 1);
  return lines.join("\n");
}

describe("with the real minisign program", () => {
  it("accepts what it signs, and shows the same key id", async () => {
    const { keyId, trustedComment } = check(await theirs());
    // The program leaves leading zeros of the key id out.
    const shown = /public key ([0-9A-F]+)/.exec(keys.public)?.[1];
    expect(shown?.padStart(16, "0")).toBe(keyId);
    expect(trustedComment).toContain(`file:${NAME}`);
  });

  it("is accepted by it", async () => {
    const folder = await tempFolder();
    await writeFile(join(folder, NAME), CONTENT);
    await writeFile(join(folder, `${NAME}.minisig`), ours());
    await writeFile(join(folder, "pub"), keys.public);
    expect(await minisign(["-V", "-H", "-p", "pub", "-m", NAME], folder)).toContain(
      "Signature and comment signature verified",
    );
  });

  it("accepts a comment of one's own that names the file, and refuses one that does not", async () => {
    expect(check(await theirs("-t", `release 42 file:${NAME}`)).trustedComment).toBe(
      `release 42 file:${NAME}`,
    );
    const nameless = await theirs("-t", "release 42");
    expect(refusal(() => check(nameless)).message).toContain("for no file");
  });

  it("refuses the legacy kind, which signs the file and not its digest", async () => {
    const legacy = await theirs("-l");
    expect(refusal(() => check(legacy)).message).toContain("legacy");
  });
});

describe("refuses", () => {
  it("another file", () => {
    const error = refusal(() => check(ours(), Buffer.from("altered")));
    expect(error).toMatchObject({
      code: "signature_invalid",
      message: expect.stringContaining("did not sign"),
    });
  });

  it("an unknown key, even if its signature is perfect", () => {
    const error = refusal(() => check(ours(CONTENT, NAME, keys.otherSecret)));
    expect(error.code).toBe("signature_untrusted");
    expect(check(ours(CONTENT, NAME, keys.otherSecret), CONTENT, [keys.public, keys.otherPublic]).keyId).toBe(
      parsePublicKey(keys.otherPublic).keyId,
    );
  });

  it("no trusted key at all", () => {
    expect(refusal(() => check(ours(), CONTENT, [])).code).toBe("signature_untrusted");
  });

  it("a signature for another file name", () => {
    const error = refusal(() => check(ours(CONTENT, "fleet-agent-v0.1.1")));
    expect(error).toMatchObject({
      code: "signature_invalid",
      message: expect.stringContaining("fleet-agent-v0.1.1"),
    });
    expect(refusal(() => check(ours(CONTENT, `${NAME} file:fleet-agent-v9.9.9`))).message).toContain("9.9.9");
    expect(refusal(() => check(ours(CONTENT, `${NAME}0`))).code).toBe("signature_invalid");
  });

  it.each([
    ["signature", 1],
    ["global signature", 3],
  ])("an altered %s", (_what, line) => {
    expect(refusal(() => check(altered(ours(), line))).code).toBe("signature_invalid");
  });

  it("an altered trusted comment: the global signature covers it", () => {
    const signature = ours(CONTENT, "fleet-agent-v0.1.1").replace("file:fleet-agent-v0.1.1", `file:${NAME}`);
    expect(refusal(() => check(signature)).message).toContain("global signature is wrong");
  });

  it("a global signature of another file's signature", () => {
    const [mine, foreign] = [ours().split("\n"), ours(Buffer.from("other")).split("\n")];
    mine[3] = foreign[3] ?? "";
    expect(refusal(() => check(mine.join("\n"))).message).toContain("global signature is wrong");
  });

  it.each([
    ["nothing", ""],
    ["unsigned text", "hello\nworld\n"],
    ["a cut file", "untrusted comment: x\nRUQ="],
    ["too much", "untrusted comment: x\nA\ntrusted comment: y\nB\nC\n"],
    ["base64 that is not", "untrusted comment: x\n????\ntrusted comment: y\n????\n"],
  ])("%s", (_what, text) => {
    expect(refusal(() => check(text)).code).toBe("signature_invalid");
  });

  it("a trusted key that is none", () => {
    expect(refusal(() => check(ours(), CONTENT, ["RWnonsense"])).message).toContain("public key");
  });

  it("a secret key that is damaged or protected by a password", () => {
    const lines = keys.secret.split("\n");
    const bytes = Buffer.from(lines[1] ?? "", "base64");
    const damaged = Buffer.from(bytes);
    damaged[70] = (damaged[70] ?? 0) ^ 1;
    const locked = Buffer.from(bytes);
    locked.write("Sc", 2, "latin1");
    for (const [key, says] of [
      [damaged, "damaged"],
      [locked, "password"],
    ] as const)
      expect(refusal(() => ours(CONTENT, NAME, `x\n${key.toString("base64")}\n`)).message).toContain(says);
  });
});

it("signs the same way every time", () => {
  expect(ours()).toBe(ours());
});
