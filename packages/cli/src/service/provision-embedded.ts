import { statfs } from "node:fs/promises";
import { JetStreamApiError, provision, type ProvisionReport } from "@upgrade-ledger/nats";
import type { Logger } from "pino";
import type { Settings } from "../settings/definitions.ts";
import type { Broker } from "./broker.ts";

const NO_ROOM = new Set([10_023, 10_028, 10_047]);

/** Brings the embedded server's streams to their definitions, over a connection that lives only for that (spec §8). */
export async function provisionEmbedded(broker: Broker, settings: Settings, log: Logger): Promise<void> {
  const nc = await broker.connect("provisioning");
  try {
    const report = await provisionIntoTheRoomThereIs(settings, (ledgerMaxBytes) =>
      provision(nc, ledgerMaxBytes === undefined ? {} : { ledgerMaxBytes }),
    );
    if (report.created.length > 0) log.info({ streams: report.created }, "created the streams");
    for (const drift of report.drifted) log.warn(drift, "a stream is not as defined; it is left as it is");
    for (const update of report.updated) log.info(update, "brought a stream to its definition");
  } finally {
    await nc.close();
  }
}

/** Without a setting, a disk that is too small for the usual reserve gets half of what is free. */
async function provisionIntoTheRoomThereIs(
  settings: Settings,
  attempt: (ledgerMaxBytes: number | undefined) => Promise<ProvisionReport>,
): Promise<ProvisionReport> {
  try {
    return await attempt(settings.ledger_max_bytes);
  } catch (error) {
    const noRoom = error instanceof JetStreamApiError && NO_ROOM.has(error.code);
    if (!noRoom || settings.ledger_max_bytes !== undefined) throw error;
    const { bavail, bsize } = await statfs(settings.data_dir);
    return attempt(Math.floor((bavail * bsize) / 2));
  }
}
