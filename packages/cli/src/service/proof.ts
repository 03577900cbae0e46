// What makes the ledger provable: the operator's keys, and checkpoints (docs/verify.md).
import { join } from "node:path";
import {
  CHECKPOINTER_DEFAULTS,
  type Checkpointer,
  loadCheckpointKey,
  loadOrCreateCheckpointKey,
  loadOrCreateWriterKey,
  loadWriterKey,
  type NoteSigner,
  startCheckpointer,
} from "@upgrade-ledger/audit";
import type { NatsConnection } from "@nats-io/transport-node";
import type { Signer } from "@upgrade-ledger/ledger";
import type { Logger } from "pino";
import type { Settings } from "../settings/definitions.ts";

export interface OperatorKeys {
  readonly folder: string;
  readonly writer: Signer | undefined;
  readonly checkpoint: NoteSigner | undefined;
}

/**
 * The keys in the data folder. With an embedded server they are made at the first start. Processes around one cluster
 * share keys: each uses those that it is given, and makes none that no checkpoint would vouch for.
 */
export async function operatorKeys(settings: Settings): Promise<OperatorKeys> {
  const folder = join(settings.data_dir, "keys");
  if (settings.nats !== undefined) {
    return { folder, writer: await loadWriterKey(folder), checkpoint: await loadCheckpointKey(folder) };
  }
  const checkpoint = await loadOrCreateCheckpointKey(folder, CHECKPOINTER_DEFAULTS.origin);
  return { folder, writer: await loadOrCreateWriterKey(folder), checkpoint };
}

/** Starts signing checkpoints, if there is a key. When the ledger contradicts the last one, the service goes on without, and says so. */
export async function startProving(
  nc: NatsConnection,
  { folder, writer, checkpoint }: OperatorKeys,
  settings: Settings,
  log: Logger,
): Promise<Checkpointer | undefined> {
  if (checkpoint === undefined) {
    log.warn({ folder }, "no checkpoint key there: this process signs no checkpoints");
    return undefined;
  }
  try {
    return await startCheckpointer({
      nc,
      key: checkpoint,
      log,
      settings: {
        origin: CHECKPOINTER_DEFAULTS.origin,
        everyEvents: settings.checkpoint_every_events,
        everyMs: settings.checkpoint_every_ms,
        writerKeys: writer === undefined ? [] : [writer.publicKey],
        resumeFile: join(folder, "checkpointer.json"),
      },
    });
  } catch (error) {
    log.error({ err: error }, "no checkpoints are signed; run `upgrade-ledger verify`");
    return undefined;
  }
}
