// The NATS client can leave a socket's error to nobody when its server goes away: that must not end a process.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";

import { build } from "esbuild";
import { afterAll, beforeAll, expect, it } from "vitest";

let folder: string;
let program: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "upgrade-ledger-sockets-"));
  program = join(folder, "lost-socket.mjs");
  await build({
    entryPoints: [join(import.meta.dirname, "lost-socket.ts")],
    outfile: program,
    bundle: true,
    platform: "node",
    format: "esm",
    conditions: ["source"],
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  });
});
afterAll(() => rm(folder, { recursive: true }));

async function run(what: string): Promise<{ code: number | null; said: string[] }> {
  const child = spawn(process.execPath, [program, what], { stdio: ["ignore", "pipe", "inherit"] });
  const gone = once(child, "exit");
  const said = (await text(child.stdout)).trimEnd().split("\n");
  await gone;
  return { code: child.exitCode, said };
}

it("a write to a socket that has ended is survived", async () => {
  expect(await run("end")).toEqual({ code: 0, said: ["lost: write after end"] });
});

it("any other error that nobody catches is fatal", async () => {
  expect(await run("fatal")).toEqual({ code: 1, said: ["lost: write after end", "fatal: something else"] });
});
