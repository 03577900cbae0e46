// `fleet-agent keygen`: the device's identity.
import { writeFile } from "node:fs/promises";
import { newDeviceKey } from "@upgrade-ledger/nats";

/** Writes a new seed to `file` (0600; never over another) and answers with the public key. */
export async function keygen(file: string): Promise<string> {
  const key = newDeviceKey();
  await writeFile(file, `${key.seed}\n`, { mode: 0o600, flag: "wx", flush: true });
  return key.publicKey;
}
