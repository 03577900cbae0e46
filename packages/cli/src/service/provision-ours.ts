import {
  connectAs,
  provision,
  provisionEmbedded,
  type NatsServer,
  type ProvisionReport,
} from "@upgrade-ledger/nats";
import type { Logger } from "pino";
import type { Settings } from "../settings/definitions.ts";

/** Brings the embedded server's streams to their definitions, over a connection that lives only for that (spec §8). */
export async function provisionOurs(server: NatsServer, settings: Settings, log: Logger): Promise<void> {
  const { ledger_max_bytes: ledgerMaxBytes } = settings;
  const report =
    ledgerMaxBytes === undefined ? await provisionEmbedded(server) : await withRoom(server, ledgerMaxBytes);
  if (report.created.length > 0) log.info({ streams: report.created }, "created the streams");
  for (const drift of report.drifted) log.warn(drift, "a stream is not as defined; it is left as it is");
  for (const update of report.updated) log.info(update, "brought a stream to its definition");
}

async function withRoom(server: NatsServer, ledgerMaxBytes: number): Promise<ProvisionReport> {
  const nc = await connectAs({ url: server.url, as: server.credentials("provisioning") });
  try {
    return await provision(nc, { ledgerMaxBytes });
  } finally {
    await nc.close();
  }
}
