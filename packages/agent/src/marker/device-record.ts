// What the device remembers of the agents that ran on it.
import { join } from "node:path";
import { bareVersion, Version } from "@upgrade-ledger/contract";
import { z } from "zod";
import { readJsonOr, writeJson } from "../files/json-file.ts";

const DeviceRecord = z.object({
  /** The version that started last. */
  last_version: Version,
  /** Every version that ever started here, without build metadata. */
  versions: z.array(Version),
  /** The boot of the machine in which an agent started last. */
  boot_id: z.string(),
});
export type DeviceRecord = z.infer<typeof DeviceRecord>;

export interface DeviceHistory {
  /** As it was before this start; `null` on the first one. */
  readonly before: DeviceRecord | null;
  /** Whether the version has ever run on this device. */
  readonly wasActive: (version: string) => boolean;
}

/** Notes in `<stateDir>/device.json` that `version` has started. */
export async function recordStart(
  stateDir: string,
  version: Version,
  bootId: string,
): Promise<DeviceHistory> {
  const path = join(stateDir, "device.json");
  const before = (await readJsonOr(path, DeviceRecord)) ?? null;
  const bare = bareVersion(version);
  const earlier = before?.versions ?? [];
  const versions = earlier.includes(bare) ? earlier : [...earlier, bare];
  const record: DeviceRecord = { last_version: version, versions, boot_id: bootId };
  await writeJson(path, record);
  return {
    before,
    wasActive: (asked) => versions.some((known) => known === bareVersion(Version.parse(asked))),
  };
}
