// A swap survives kill -9 at any moment, and a file system that refuses (spec §4, Layout).
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { createLayout } from "../../src/layout/layout.ts";
import { tempFolder } from "../temp-folder.ts";

const ENTRY = fileURLToPath(new URL("swap-forever.ts", import.meta.url));
let program = "";

beforeAll(async () => {
  const result = await build({
    entryPoints: [ENTRY],
    bundle: true,
    write: false,
    platform: "node",
    format: "esm",
    conditions: ["source"],
    banner: { js: `import { createRequire } from "node:module"; const require = createRequire("/");` },
  });
  program = result.outputFiles[0]?.text ?? "";
});

async function twoVersions(prefix: string): Promise<ReturnType<typeof createLayout>> {
  const layout = createLayout({ prefix });
  await mkdir(layout.binFolder, { recursive: true });
  for (const version of ["0.1.1", "0.1.2"]) {
    await writeFile(layout.versionedPath(version), version);
    await chmod(layout.versionedPath(version), 0o755);
  }
  return layout;
}

describe("kill -9 in the middle of swapping", () => {
  it.each(Array.from({ length: 12 }, (_, index) => index))("leaves a valid link (%i)", async () => {
    const prefix = await tempFolder();
    const layout = await twoVersions(prefix);
    await layout.swap("0.1.1");
    const child = spawn(process.execPath, ["--input-type=module", "-", prefix], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    child.stdin.end(program);
    await once(child.stdout, "data");
    await swapsSeen(layout);
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(await layout.currentTarget()).toSatisfy(isOneOfTheTwo(layout));
    await layout.swap("0.1.2");
    expect(await layout.currentTarget()).toBe(layout.versionedPath("0.1.2"));
  });
});

/** Busy for a random number of looks, so that the kill comes at another point of the swap each time. */
async function swapsSeen(layout: ReturnType<typeof createLayout>): Promise<void> {
  const looks = 1 + Math.floor(Math.random() * 40);
  for (let look = 0; look < looks; look++)
    expect(await layout.currentTarget()).toSatisfy(isOneOfTheTwo(layout));
}

function isOneOfTheTwo(layout: ReturnType<typeof createLayout>): (target: string | null) => boolean {
  return (target) => target === layout.versionedPath("0.1.1") || target === layout.versionedPath("0.1.2");
}

describe("a read-only file system", () => {
  it("is a clear error, and nothing is changed", async () => {
    const prefix = await tempFolder();
    mountTmpfs(prefix, "size=1m");
    const layout = await twoVersions(prefix);
    await layout.swap("0.1.1");
    execFileSync("mount", ["-o", "remount,ro", prefix]);
    await expect(layout.swap("0.1.2")).rejects.toMatchObject({
      code: "layout_invalid",
      message: expect.stringContaining("read-only"),
    });
    expect(await layout.currentTarget()).toBe(layout.versionedPath("0.1.1"));
  });

  it("that is full: disk_full when the running binary cannot be kept", async () => {
    const prefix = await tempFolder();
    mountTmpfs(prefix, "size=64k");
    const layout = createLayout({ prefix });
    await mkdir(layout.binFolder, { recursive: true });
    const self = join(await tempFolder(), "agent");
    await writeFile(self, Buffer.alloc(256 * 1024));
    await expect(layout.adoptRunningBinary(self, "0.1.1")).rejects.toMatchObject({ code: "disk_full" });
    expect(await layout.listVersions()).toEqual([]);
  });
});

function mountTmpfs(folder: string, options: string): void {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", folder], { stdio: "pipe" });
  } catch (cause) {
    throw new Error("This test mounts a small tmpfs to try a full and a read-only disk: run it as root", {
      cause,
    });
  }
  onTestFinished(() => void execFileSync("umount", [folder]));
}
