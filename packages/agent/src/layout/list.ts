import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { BareVersion } from "@upgrade-ledger/contract";
import { compare } from "semver";
import { errnoOf, layoutErrorFrom } from "./layout-error.ts";

/** A versioned binary on disk. */
export interface InstalledVersion {
  readonly version: string;
  readonly path: string;
  readonly sizeBytes: number;
  /** When its bytes were written, ms since 1970 on the device's clock. */
  readonly modifiedAtMs: number;
}

const PREFIX = "fleet-agent-v";
/** Set aside, or lying beside a binary: such a tail would otherwise read as a pre-release. */
const NOT_A_BINARY = /\.(rejected-[0-9a-f]{8}|minisig)$/;

/** Every versioned binary in `folder`, in version order; none where the folder is missing. */
export async function listInstalled(folder: string): Promise<readonly InstalledVersion[]> {
  try {
    const found: InstalledVersion[] = [];
    for (const name of await readdir(folder)) {
      const version = versionIn(name);
      if (version === undefined) continue;
      const path = join(folder, name);
      const status = await stat(path);
      if (status.isFile())
        found.push({ version, path, sizeBytes: status.size, modifiedAtMs: status.mtimeMs });
    }
    return found.toSorted((a, b) => compare(a.version, b.version));
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return [];
    throw layoutErrorFrom(error, `Listing ${folder}`);
  }
}

function versionIn(name: string): string | undefined {
  if (!name.startsWith(PREFIX) || NOT_A_BINARY.test(name)) return undefined;
  const text = name.slice(PREFIX.length);
  const parsed = BareVersion.safeParse(text);
  return parsed.success && parsed.data === text ? parsed.data : undefined;
}
