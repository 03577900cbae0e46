import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { NatsConnection } from "@nats-io/transport-node";
import { connectAs, newDeviceKey, provision, startNatsServer } from "@upgrade-ledger/nats";
import type { DeviceKey, NatsServer, NatsServerOptions, Role } from "@upgrade-ledger/nats";

/** A real nats-server of a test file's own, with the two accounts and all streams. */
export interface LedgerServer {
  readonly url: string;
  readonly dataDir: string;
  /** The server behind it: passwords, log, kill. */
  readonly nats: NatsServer;
  /** A new connection as a static user; closed by {@link stop}. */
  connect(role: Role): Promise<NatsConnection>;
  /** Registers a device (a new NKey the first time) and connects as it; closed by {@link stop}. */
  connectDevice(deviceId: string): Promise<NatsConnection>;
  /** Registers a device without connecting: for agents that connect by themselves. */
  registerDevice(deviceId: string): Promise<DeviceKey>;
  stop(): Promise<void>;
}

export interface LedgerServerOptions extends Partial<
  Pick<NatsServerOptions, "port" | "syncInterval" | "onUnexpectedExit">
> {
  /** Leave the server empty. Default false. */
  readonly skipProvisioning?: boolean;
}

// A test worker that is ended from outside leaves by the front door, so that its servers end with it.
process.once("SIGTERM", () => process.exit(143));

/** Room for the ledger of a test, bytes. */
const LEDGER_MAX_BYTES = 256 * 1024 * 1024;

/** Starts a server in a temporary folder and provisions it. Takes about 100 ms. */
export async function startLedgerServer(options: LedgerServerOptions = {}): Promise<LedgerServer> {
  const { skipProvisioning, ...serverOptions } = options;
  const dataDir = await mkdtemp(join(tmpdir(), "upgrade-ledger-test-"));
  const nats = await startNatsServer({ dataDir, ...serverOptions });
  const connections: NatsConnection[] = [];
  const keys = new Map<string, DeviceKey>();

  const keep = (connection: NatsConnection): NatsConnection => {
    connections.push(connection);
    return connection;
  };
  const registerDevice = async (deviceId: string): Promise<DeviceKey> => {
    const key = keys.get(deviceId) ?? newDeviceKey();
    keys.set(deviceId, key);
    await nats.addDevice({ deviceId, publicKey: key.publicKey });
    return key;
  };
  const server: LedgerServer = {
    url: nats.url,
    dataDir,
    nats,
    connect: async (role) => keep(await connectAs({ url: nats.url, as: nats.credentials(role) })),
    registerDevice,
    connectDevice: async (deviceId) => {
      const { seed } = await registerDevice(deviceId);
      return keep(await connectAs({ url: nats.url, as: { deviceId, seed } }));
    },
    stop: async () => {
      await Promise.all(connections.map((connection) => connection.close()));
      await nats.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
  if (!skipProvisioning) {
    const connection = await server.connect("provisioning");
    await provision(connection, { ledgerMaxBytes: LEDGER_MAX_BYTES });
    await connection.close();
  }
  return server;
}
