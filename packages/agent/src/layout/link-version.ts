// Which of our versions the symlink names.
import { basename } from "node:path";
import { BareVersion } from "@upgrade-ledger/contract";
import type { Layout } from "./layout.ts";

const NAME = /^fleet-agent-v(.+)$/;

/** `null` when there is no link, it names nothing of ours, or it cannot be read. */
export async function linkVersionOf(layout: Layout): Promise<string | null> {
  const target = await layout.currentTarget().catch(() => null);
  return target === null ? null : versionIn(target);
}

/** The version in the path of a versioned binary; `null` when that is none of ours. */
export function versionIn(path: string): string | null {
  const version = BareVersion.safeParse(NAME.exec(basename(path))?.[1]);
  return version.success ? version.data : null;
}
