// `fleet-agent --self-test`: whether this version can serve this device; changes nothing (spec §4, Verifying).
import { subjects, type Version } from "@upgrade-ledger/contract";
import { ledgerOf } from "@upgrade-ledger/ledger";
import { connectAs } from "@upgrade-ledger/nats";
import type { LoadedConfig } from "../config/load.ts";
import { readSeed } from "../shell/setup.ts";

/** Connects with the device's credentials and reads what only it may read. @throws Error saying what does not work */
export async function selfTest({ config }: LoadedConfig, version: Version): Promise<string> {
  const as = { deviceId: config.device_id, seed: readSeed(config) };
  const name = `self-test ${config.device_id} ${version}`;
  const nc = await connectAs({ url: config.nats.url, as, name }).catch((cause: unknown) => {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`Cannot connect to ${config.nats.url} as ${config.device_id}: ${detail}`, { cause });
  });
  try {
    await ledgerOf(nc).lastOn(subjects.command(config.device_id, "desired-version"));
  } finally {
    await nc.close();
  }
  return `fleet-agent ${version} ok`;
}
