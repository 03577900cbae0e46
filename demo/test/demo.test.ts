// The story, told from beginning to end by real processes; it asserts its own claims and answers with its exit code.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { run } from "../src/processes.ts";
import { PROJECT } from "../src/world.ts";

const STORY_TIMEOUT_MS = 270_000;

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function demo(...args: string[]) {
  const folder = await mkdtemp(join(tmpdir(), "upgrade-ledger-demo-"));
  folders.push(folder);
  return run(process.execPath, [
    join(PROJECT, "demo", "dist", "main.js"),
    "--dir",
    folder,
    "--exit",
    ...args,
  ]);
}

describe("the demo", () => {
  it(
    "ends as told",
    async () => {
      const { code, stdout, stderr } = await demo();
      expect(code, `${stdout}\n${stderr}`).toBe(0);
      expect(stdout).toMatch(/All \d+ claims hold/);
    },
    STORY_TIMEOUT_MS,
  );

  it(
    "ends the same when the service is killed in the middle of a cutover and started again",
    async () => {
      const { code, stdout, stderr } = await demo("--kill-service");
      expect(code, `${stdout}\n${stderr}`).toBe(0);
      expect(stdout).toContain("kill -9");
      expect(stdout).toMatch(/All \d+ claims hold/);
    },
    STORY_TIMEOUT_MS,
  );

  it("refuses an option that it does not know", async () => {
    const { code, stderr } = await demo("--nonsense");
    expect(code).toBe(2);
    expect(stderr).toContain("--nonsense");
  });
});
