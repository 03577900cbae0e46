import {
  connectAs,
  type DeviceRegistry,
  openDeviceRegistry,
  passwordsFromEnvironment,
  startNatsServer,
  type NatsServer,
  type Role,
} from "@upgrade-ledger/nats";
import type { NatsConnection } from "@nats-io/transport-node";
import type { Logger } from "pino";
import type { Settings } from "../settings/definitions.ts";
import { provisionOurs } from "./provision-ours.ts";

/** The NATS server that the service uses, embedded or not. */
export interface Broker {
  readonly url: string;
  /** `undefined` if it is not ours. */
  readonly embedded: NatsServer | undefined;
  /** Says which devices may connect; `undefined` where the servers' list of them is not at hand. */
  readonly devices: DeviceRegistry | undefined;
  connect(role: Role): Promise<NatsConnection>;
  /** Stops what is ours. */
  stop(): Promise<void>;
}

/** Uses the servers that the settings name, or starts one and provisions it. `onLost`: ours ended by itself. */
export async function openBroker(
  settings: Settings,
  log: Logger,
  onLost: (reason: string) => void,
): Promise<Broker> {
  if (settings.nats !== undefined) return external(settings.nats, settings);
  const server = await startNatsServer({
    dataDir: settings.data_dir,
    ...(settings.nats_port === 0 ? {} : { port: settings.nats_port }),
    syncInterval: settings.sync_interval,
    onUnexpectedExit: ({ code, signal, logFile }) =>
      onLost(`the embedded nats-server ended (${signal ?? `exit code ${code}`}); its log: ${logFile}`),
  });
  const broker: Broker = {
    url: server.url,
    embedded: server,
    devices: server,
    connect: (role) => connectAs({ url: server.url, as: server.credentials(role) }),
    stop: () => server.stop(),
  };
  try {
    await provisionOurs(server, settings, log);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return broker;
}

/** The folder with the servers' list of devices, where the service shares it with them (docker-compose.yml). */
const DEVICES_VARIABLE = "UPGRADE_LEDGER_NATS_DEVICES";

async function sharedRegistry(url: string): Promise<DeviceRegistry | undefined> {
  const folder = process.env[DEVICES_VARIABLE];
  if (folder === undefined || folder === "") return undefined;
  const { system: systemPassword = "" } = passwordsFromEnvironment(process.env, ["system"]);
  return openDeviceRegistry({ folder, url, systemPassword });
}

async function external(url: string, settings: Settings): Promise<Broker> {
  const needed: Role[] = [];
  if (settings.roles.includes("api")) needed.push("api");
  if (settings.roles.some((role) => role !== "api")) needed.push("operator");
  const passwords = passwordsFromEnvironment(process.env, needed);
  return {
    url,
    embedded: undefined,
    devices: await sharedRegistry(url),
    connect: (role) => connectAs({ url, as: { role, password: passwords[role] ?? "" } }),
    stop: () => Promise.resolve(),
  };
}
