import { execFile } from "node:child_process";
import { copyFile, mkdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { buildAgent, buildGuard } from "../../../../scripts/build-agent.mjs";
import { minisign } from "../minisign/minisign-program.ts";
import { tempFolder } from "../temp-folder.ts";

const PUBLIC_KEY = fileURLToPath(new URL("../../../../deploy/dev-keys/minisign.pub", import.meta.url));
const run = promisify(execFile);

/** An entry that says what it is. */
async function entry(): Promise<string> {
  const file = join(await tempFolder(), "entry.ts");
  await writeFile(
    file,
    `declare const __AGENT_VERSION__: string;\nconsole.log("I am " + __AGENT_VERSION__);\n`,
  );
  return file;
}

describe("build:agent", () => {
  it("makes one executable file and a signature that minisign accepts", async () => {
    const outDir = await tempFolder();
    const built = await buildAgent({ version: "v0.1.2+sha.9f", outDir, entry: await entry() });
    expect(built).toMatchObject({ path: join(outDir, "fleet-agent-v0.1.2"), version: "0.1.2+sha.9f" });
    expect((await stat(built.path)).mode & 0o777).toBe(0o755);
    expect((await readFile(built.path, "utf8")).split("\n")[0]).toBe("#!/usr/bin/env node");
    expect((await run(built.path)).stdout).toBe("I am 0.1.2+sha.9f\n");
    expect(await readFile(built.signaturePath, "utf8")).toBe(built.signature);
    expect(await minisign(["-V", "-H", "-p", PUBLIC_KEY, "-m", built.path], outDir)).toContain(
      "file:fleet-agent-v0.1.2",
    );
  });

  it("makes the same bytes of the same sources", async () => {
    const source = await entry();
    const [one, two] = [
      await buildAgent({ version: "0.1.2", outDir: await tempFolder(), entry: source }),
      await buildAgent({ version: "0.1.2", outDir: await tempFolder(), entry: source }),
    ];
    expect(one.sha256).toBe(two.sha256);
    expect(one.signature).toBe(two.signature);
  });

  it("refuses what is no version", async () => {
    await expect(
      buildAgent({ version: "latest", outDir: await tempFolder(), entry: await entry() }),
    ).rejects.toThrow(/SemVer/);
  });

  it("makes a guard that runs anywhere, also through a symlink and below a module package", async () => {
    const built = await buildGuard({ outDir: await tempFolder() });
    expect((await run(built.path, ["--version"])).stdout).toMatch(/^fleet-agent-guard \d+\.\d+\.\d+\n$/);
    const folder = join(await tempFolder(), "module");
    await mkdir(folder);
    await writeFile(join(folder, "package.json"), `{"type":"module"}`);
    await copyFile(built.path, join(folder, "fleet-agent-guard"));
    await symlink(join(folder, "fleet-agent-guard"), join(dirname(folder), "link"));
    expect((await run(join(dirname(folder), "link"), ["--version"])).stdout).toMatch(/^fleet-agent-guard /);
  });
});
