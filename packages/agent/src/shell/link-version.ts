// Which of our versions the symlink names.
import { basename } from "node:path";
import { BareVersion } from "@upgrade-ledger/contract";
import type { Layout } from "../layout/layout.ts";

const NAME = /^fleet-agent-v(.+)$/;

/** `null` when there is no link, it names nothing of ours, or it cannot be read. */
export async function linkVersionOf(layout: Layout): Promise<string | null> {
  const target = await layout.currentTarget().catch(() => null);
  const name = target === null ? null : NAME.exec(basename(target))?.[1];
  const version = BareVersion.safeParse(name);
  return version.success ? version.data : null;
}
