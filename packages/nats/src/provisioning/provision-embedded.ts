import { statfs } from "node:fs/promises";

import { connectAs } from "../connection/connect-as.ts";
import type { NatsServer } from "../server/start-nats-server.ts";
import { provision } from "./provision.ts";
import type { ProvisionReport } from "./provision.ts";

const GIB = 1024 ** 3;
/** What a ledger reserves where the disk has room: about 20 million events. */
const WANTED_BYTES = 8 * GIB;

/**
 * Provisions an embedded server. Its connection with the `provisioning` identity is closed again at once.
 * A new ledger reserves 8 GiB, or half of what the disk has free; an existing one keeps what it has.
 *
 * @throws what {@link provision} throws
 */
export async function provisionEmbedded(server: NatsServer): Promise<ProvisionReport> {
  const connection = await connectAs({ url: server.url, as: server.credentials("provisioning") });
  try {
    return await provision(connection, { newLedgerMaxBytes: await roomFor(server.folder) });
  } finally {
    await connection.close();
  }
}

async function roomFor(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return Math.min(WANTED_BYTES, Math.floor((bavail * bsize) / 2));
}
