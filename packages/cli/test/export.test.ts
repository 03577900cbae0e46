// An export tells the same as the service that it came from, and a damaged one tells nothing.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Finished, run } from "./run.ts";
import { startService, type TestService } from "./service.ts";
import { tell, type Tale } from "./tale.ts";

let folder: string;
let file: string;
let service: TestService;
let tale: Tale;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "upgrade-ledger-export-"));
  file = join(folder, "ledger.ndjson");
  service = await startService(join(folder, "data"));
  tale = await tell(service);
  await writeFile(file, (await cli("export")).stdout);
});
afterAll(async () => {
  await service.end("SIGTERM");
  await rm(folder, { recursive: true, force: true });
});

function cli(...args: string[]): Promise<Finished> {
  return run(args, { UPGRADE_LEDGER_SERVER: service.url });
}

/** Without a service: there is nothing at that address. */
function offline(...args: string[]): Promise<Finished> {
  return run([...args, "--file", file], { UPGRADE_LEDGER_SERVER: "http://127.0.0.1:1" });
}

describe("export", () => {
  it("is the whole ledger, and says how far it goes", async () => {
    const { code, stdout, stderr } = await cli("export");
    expect({ code, stdout }).toEqual({ code: 0, stdout: await readFile(file, "utf8") });
    const lines = stdout.trimEnd().split("\n");
    expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject({ _end: true, count: lines.length - 1 });
    expect(stderr).toBe(`exported up to sequence ${lines.length - 1}\n`);
  });
});

describe("--file", () => {
  it.each([
    ["replay", () => ["replay", "pi-1"]],
    ["replay of an upgrade", () => ["replay", "pi-1", "--upgrade", tale.failed]],
    ["why it failed", () => ["why", tale.failed]],
    ["why it goes on", () => ["why", tale.open]],
    ["history", () => ["devices", "history", "pi-1"]],
    [
      "history as of a sequence",
      () => ["devices", "history", "pi-1", "--as-of-seq", String(tale.lastSeq - 2)],
    ],
    ["diff", () => ["diff", "pi-1", String(tale.lastSeq - 2), String(tale.lastSeq)]],
  ])("%s: the same as the service, byte for byte, in JSON and in words", async (_name, args) => {
    for (const output of ["json", "table"]) {
      const live = await cli(...args(), "-o", output);
      expect(live.stdout.length).toBeGreaterThan(0);
      expect(await offline(...args(), "-o", output)).toEqual(live);
    }
  });

  it("knows what there is not", async () => {
    expect(await offline("replay", "nobody")).toMatchObject({
      code: 3,
      stderr: "error: No device nobody has been seen.\n",
    });
    expect(await offline("why", "019ab3c4-7f00-7aaa-8000-0123456789ab")).toMatchObject({ code: 3 });
    expect(await offline("diff", "pi-1", "3", "99999")).toMatchObject({ code: 2 });
    const nowhere = await run(["replay", "pi-1", "--file", join(folder, "nothing")]);
    expect(nowhere).toMatchObject({ code: 3, stderr: expect.stringContaining("cannot be read (ENOENT)") });
  });
});

describe("a file that is not what was exported", () => {
  it.each([
    ["cut off", (text: string) => text.slice(0, -40), "cut off"],
    [
      "without its closing record",
      (text: string) => `${text.trimEnd().split("\n").slice(0, -1).join("\n")}\n`,
      "cut off",
    ],
    [
      "altered",
      (text: string) => text.replace("Nats-Msg-Id", "Nats-Msg-ID"),
      "it was altered: the closing record says sha256",
    ],
  ])("%s: is refused", async (_name, damage, says) => {
    const damaged = join(folder, "damaged.ndjson");
    await writeFile(damaged, damage(await readFile(file, "utf8")));
    const answer = await run(["replay", "pi-1", "--file", damaged]);
    expect(answer).toMatchObject({ code: 5, stdout: "" });
    expect(answer.stderr).toContain(`error: ${damaged} is refused: `);
    expect(answer.stderr).toContain(says);
  });
});
