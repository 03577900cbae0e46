import { chmod, mkdir, readFile, readlink, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createLayout, type Layout } from "../../src/layout/layout.ts";
import { LayoutError } from "../../src/layout/layout-error.ts";
import { tempFolder } from "../temp-folder.ts";

async function layoutWith(...versions: string[]): Promise<Layout> {
  const layout = createLayout({ prefix: join(await tempFolder(), "usr") });
  await mkdir(layout.binFolder, { recursive: true });
  for (const version of versions) await addBinary(layout.versionedPath(version));
  return layout;
}

async function addBinary(path: string, content: string = path): Promise<void> {
  await writeFile(path, content);
  await chmod(path, 0o755);
}

describe("paths", () => {
  it("are the ADR's, without build metadata and with the pre-release", () => {
    const layout = createLayout({ prefix: "/usr" });
    expect(layout.versionedPath("v0.1.2+sha.9f")).toBe("/usr/bin/fleet-agent-v0.1.2");
    expect(layout.versionedPath("1.0.0-rc.1")).toBe("/usr/bin/fleet-agent-v1.0.0-rc.1");
    expect(layout.linkPath).toBe("/usr/local/bin/fleet-agent");
    expect(() => layout.versionedPath("../../../bin/sh")).toThrow(/SemVer/);
  });
});

describe("swap", () => {
  it("makes the link, and then moves it", async () => {
    const layout = await layoutWith("0.1.1", "0.1.2");
    expect(await layout.currentTarget()).toBeNull();
    await layout.swap("0.1.1");
    expect(await layout.currentTarget()).toBe(layout.versionedPath("0.1.1"));
    await layout.swap("0.1.2");
    await layout.swap("0.1.2");
    expect(await readlink(layout.linkPath)).toBe(layout.versionedPath("0.1.2"));
  });

  it("removes the draft that a crash left", async () => {
    const layout = await layoutWith("0.1.1", "0.1.2");
    await layout.swap("0.1.1");
    await symlink("/nowhere", `${layout.linkPath}.new`);
    await layout.swap("0.1.2");
    expect(await layout.currentTarget()).toBe(layout.versionedPath("0.1.2"));
    await expect(readlink(`${layout.linkPath}.new`)).rejects.toThrow(/ENOENT/);
  });

  it("replaces a link that a person pointed elsewhere, and a plain file", async () => {
    const layout = await layoutWith("0.1.2");
    await mkdir(join(layout.linkPath, ".."), { recursive: true });
    await symlink("../../elsewhere", layout.linkPath);
    expect(await layout.currentTarget()).toBe(join(layout.linkPath, "..", "../../elsewhere"));
    await layout.swap("0.1.2");
    const plain = await layoutWith("0.1.2");
    await mkdir(join(plain.linkPath, ".."), { recursive: true });
    await addBinary(plain.linkPath);
    expect(await plain.currentTarget()).toBeNull();
    await plain.swap("0.1.2");
    expect(await plain.currentTarget()).toBe(plain.versionedPath("0.1.2"));
  });

  it.each([
    [
      "a directory in the link's place",
      async (layout: Layout) => mkdir(layout.linkPath, { recursive: true }),
    ],
    [
      "a directory in the draft's place",
      async (layout: Layout) => mkdir(`${layout.linkPath}.new`, { recursive: true }),
    ],
  ])("refuses %s", async (_what, disturb) => {
    const layout = await layoutWith("0.1.2");
    await disturb(layout);
    await expect(layout.swap("0.1.2")).rejects.toMatchObject({
      code: "layout_invalid",
      message: expect.stringContaining("is a directory"),
    });
  });

  it.each([
    ["a version that is not there", async () => undefined, "does not exist"],
    ["one that is a folder", async (path: string) => mkdir(path), "not a regular file"],
    [
      "one that is not executable",
      async (path: string) => writeFile(path, "x", { mode: 0o644 }),
      "not executable",
    ],
  ])("refuses %s, and leaves the link alone", async (_what, disturb, says) => {
    const layout = await layoutWith("0.1.1");
    await layout.swap("0.1.1");
    await disturb(layout.versionedPath("0.1.2"));
    const refusal = layout.swap("0.1.2");
    await expect(refusal).rejects.toThrow(LayoutError);
    await expect(refusal).rejects.toMatchObject({
      code: "layout_invalid",
      message: expect.stringContaining(says),
    });
    expect(await layout.currentTarget()).toBe(layout.versionedPath("0.1.1"));
  });
});

describe("the running binary", () => {
  it("is kept at its versioned path, executable, also when started through a link", async () => {
    const layout = await layoutWith();
    const self = join(layout.binFolder, "..", "agent");
    await writeFile(self, "bytes", { mode: 0o600 });
    await symlink(self, `${self}-link`);
    await layout.adoptRunningBinary(`${self}-link`, "0.1.1+sha.1");
    await layout.adoptRunningBinary(self, "0.1.1");
    expect(await readFile(layout.versionedPath("0.1.1"), "utf8")).toBe("bytes");
    expect((await stat(layout.versionedPath("0.1.1"))).mode & 0o777).toBe(0o755);
    expect((await layout.listVersions()).map(({ version }) => version)).toEqual(["0.1.1"]);
  });

  it("is itself the versioned file: nothing happens", async () => {
    const layout = await layoutWith("0.1.1");
    const before = (await stat(layout.versionedPath("0.1.1"))).ino;
    await layout.adoptRunningBinary(layout.versionedPath("0.1.1"), "0.1.1");
    expect((await stat(layout.versionedPath("0.1.1"))).ino).toBe(before);
  });

  it("never replaces other bytes of the same version", async () => {
    const layout = await layoutWith("0.1.1");
    const self = join(layout.binFolder, "..", "agent");
    await writeFile(self, "other bytes");
    await expect(layout.adoptRunningBinary(self, "0.1.1")).rejects.toMatchObject({
      code: "version_conflict",
    });
    expect(await readFile(layout.versionedPath("0.1.1"), "utf8")).toBe(layout.versionedPath("0.1.1"));
  });
});

describe("the list of versions", () => {
  it("is in version order, without what was set aside, half downloaded, or is something else", async () => {
    const layout = await layoutWith("0.10.0", "0.9.0", "1.0.0-rc.1");
    for (const name of [
      "fleet-agent-v0.1.2.rejected-0123abcd",
      "fleet-agent-v1.0.0-rc.2.rejected-0123abcd",
      "fleet-agent-v1.0.0-rc.1.minisig",
      ".fleet-agent-v0.1.3.0123abcd.partial",
      "fleet-agent-vlatest",
      "node",
    ])
      await addBinary(join(layout.binFolder, name));
    expect((await layout.listVersions()).map(({ version }) => version)).toEqual([
      "0.9.0",
      "0.10.0",
      "1.0.0-rc.1",
    ]);
  });

  it("is empty where there is no folder", async () => {
    expect(await createLayout({ prefix: "/nonexistent" }).listVersions()).toEqual([]);
  });
});
