// Versioned binaries and the symlink that selects one of them (spec §4, Layout).
import { lstat, mkdir, readlink, rename, stat, symlink, unlink } from "node:fs/promises";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { binaryName } from "@upgrade-ledger/contract";
import { adoptBinary } from "./adopt.ts";
import { syncFolder } from "./durable.ts";
import { errnoOf, LayoutError, layoutErrorFrom } from "./layout-error.ts";
import { type InstalledVersion, listInstalled } from "./list.ts";

export interface Layout {
  /** Folder of the versioned binaries, `<prefix>/bin`. */
  readonly binFolder: string;
  /** `<prefix>/local/bin/fleet-agent`: the symlink that the units start. */
  readonly linkPath: string;
  /** `<prefix>/bin/fleet-agent-v<version>`, without build metadata. Throws a zod error for what is no version. */
  versionedPath(version: string): string;
  /**
   * Absolute path that the symlink names (it need not exist); `null` where there is no link, or a plain file.
   * @throws LayoutError `layout_invalid` when a directory stands there or it cannot be read
   */
  currentTarget(): Promise<string | null>;
  /**
   * Makes the symlink name `version`, atomically and durably: after a crash at any moment it names the old or the
   * new one. Doing it again changes nothing.
   * @throws LayoutError `layout_invalid` when the version's file is missing or not executable, or the link's place is
   * taken by a directory or cannot be written; `disk_full`
   */
  swap(version: string): Promise<void>;
  /**
   * Puts a copy of the running binary at its versioned path, so that even the first upgrade can be reverted.
   * @throws LayoutError `version_conflict` when other bytes stand there already; `layout_invalid`, `disk_full`
   */
  adoptRunningBinary(selfPath: string, version: string): Promise<void>;
  /** The versions on disk, oldest version first. Files set aside or half downloaded are not among them. */
  listVersions(): Promise<readonly InstalledVersion[]>;
}

export interface LayoutOptions {
  /** `/usr` on a real device: versions in `/usr/bin`, the link at `/usr/local/bin/fleet-agent`. */
  readonly prefix: string;
}

/** The on-disk layout below `prefix`. Touches nothing until one of its functions is called. */
export function createLayout(options: LayoutOptions): Layout {
  const prefix = resolve(options.prefix);
  const binFolder = join(prefix, "bin");
  const linkPath = join(prefix, "local", "bin", "fleet-agent");
  const versionedPath = (version: string): string => join(binFolder, binaryName(version));
  return {
    binFolder,
    linkPath,
    versionedPath,
    currentTarget: () => readTarget(linkPath),
    swap: (version) => swapLink(linkPath, versionedPath(version)),
    adoptRunningBinary: (selfPath, version) => adoptBinary(selfPath, versionedPath(version)),
    listVersions: () => listInstalled(binFolder),
  };
}

async function readTarget(linkPath: string): Promise<string | null> {
  try {
    const target = await readlink(linkPath);
    return isAbsolute(target) ? target : resolve(dirname(linkPath), target);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return null;
    if (errnoOf(error) !== "EINVAL") throw layoutErrorFrom(error, `Reading the symlink ${linkPath}`);
    if ((await lstat(linkPath)).isDirectory()) throw directoryInTheWay(linkPath);
    return null; // a plain file: a device from before versioned binaries
  }
}

async function swapLink(linkPath: string, target: string): Promise<void> {
  const draft = `${linkPath}.new`;
  const folder = dirname(linkPath);
  try {
    await requireExecutable(target);
    await mkdir(folder, { recursive: true, mode: 0o755 });
    await requireNoDirectory(linkPath);
    await removeLeftover(draft);
    await symlink(target, draft);
    await rename(draft, linkPath);
    await syncFolder(folder);
  } catch (error) {
    throw layoutErrorFrom(error, `Pointing ${linkPath} to ${target}`);
  }
}

async function requireExecutable(target: string): Promise<void> {
  const found = await stat(target).catch((error: unknown) => {
    if (errnoOf(error) === "ENOENT")
      throw new LayoutError("layout_invalid", `${target} does not exist: stage that version first`, {
        cause: error,
      });
    throw error;
  });
  if (!found.isFile()) throw new LayoutError("layout_invalid", `${target} is not a regular file`);
  if ((found.mode & 0o111) === 0) throw new LayoutError("layout_invalid", `${target} is not executable`);
}

async function requireNoDirectory(linkPath: string): Promise<void> {
  try {
    if ((await lstat(linkPath)).isDirectory()) throw directoryInTheWay(linkPath);
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw error;
  }
}

function directoryInTheWay(path: string): LayoutError {
  return new LayoutError(
    "layout_invalid",
    `${path} is a directory; remove it, the agent's symlink belongs there`,
  );
}

/** A crash between the two steps of a swap leaves the draft behind. */
async function removeLeftover(draft: string): Promise<void> {
  try {
    if ((await lstat(draft)).isDirectory()) throw directoryInTheWay(draft);
    await unlink(draft);
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw error;
  }
}
