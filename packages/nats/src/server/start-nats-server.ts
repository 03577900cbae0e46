import { copyFile, mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";

import type { RoleIdentity } from "../connection/connect-as.ts";
import { passwordVariable, ROLES } from "../connection/roles.ts";
import type { Role, RolePasswords } from "../connection/roles.ts";
import { projectPath } from "../project-files.ts";
import { openDeviceRegistry } from "./device-registry.ts";
import type { DeviceRegistry } from "./device-registry.ts";
import { DeviceUsers } from "./device-users.ts";
import type { DeviceUser } from "./device-users.ts";
import { findNatsServer, requireUsable } from "./find-nats-server.ts";
import { pidFile, releaseDataFolder, takeDataFolder } from "./orphan.ts";
import { loadOrCreatePasswords } from "./secrets.ts";
import { ServerProcess } from "./server-process.ts";
import type { ServerExit } from "./server-process.ts";

export interface NatsServerOptions {
  /** The service's data folder; the server keeps everything below `<dataDir>/nats`. */
  readonly dataDir: string;
  /** TCP port on 127.0.0.1; default: one that is free. */
  readonly port?: number;
  /** Path of the nats-server program; default: {@link findNatsServer}. */
  readonly binary?: string;
  /** When the server writes to the disk: `always` (default; an acknowledgement means "on disk", G4) or a duration such as `2m`. */
  readonly syncInterval?: string;
  /** Devices that may connect, in addition to those added before. */
  readonly devices?: readonly DeviceUser[];
  /** Called once if the server ends without having been asked to. */
  readonly onUnexpectedExit?: (exit: ServerExit) => void;
  /** How long recovery of a large store may take, milliseconds. Default 60,000. */
  readonly readyTimeoutMs?: number;
}

export interface NatsServer extends DeviceRegistry {
  /** `nats://127.0.0.1:<port>` */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly version: string;
  /** `<dataDir>/nats`: everything that the server keeps. */
  readonly folder: string;
  readonly logFile: string;
  /** How to connect as one of the static users. */
  credentials(role: Role): RoleIdentity;
  /** Stops the server and waits until it is gone. Idempotent. */
  stop(): Promise<void>;
  /** Ends the server as a power cut of its process would (SIGKILL), for tests. */
  kill(): Promise<void>;
}

/**
 * Starts a private nats-server on loopback as a child process, with the two accounts of spec §3.1 and its own
 * data folder, and waits until it answers. A server that a killed service left in the folder is stopped first.
 *
 * @throws Error when there is no usable binary, the folder is in use, the port is taken, or it is not ready in time;
 * the message ends with the last lines of the server's log.
 */
export async function startNatsServer(options: NatsServerOptions): Promise<NatsServer> {
  const binary = options.binary ? await requireUsable(options.binary, "binary") : await findNatsServer();
  const folder = resolve(options.dataDir, "nats");
  await takeDataFolder(folder);
  try {
    const passwords = await loadOrCreatePasswords(join(folder, "secrets.json"));
    await prepareFolder(folder, options.devices ?? []);
    const child = await ServerProcess.start({
      binary: binary.path,
      arguments: serverArguments(folder, options.port ?? -1),
      environment: serverEnvironment(passwords, options.syncInterval ?? "always"),
      folder,
      readyTimeoutMs: options.readyTimeoutMs ?? 60_000,
      onUnexpectedExit: options.onUnexpectedExit,
    });
    const registry = await openDeviceRegistry({
      folder: join(folder, "devices"),
      url: child.url,
      systemPassword: passwords.system,
    });
    return embeddedServer({ child, version: binary.version, passwords, registry, folder });
  } catch (error) {
    await releaseDataFolder(folder);
    throw error;
  }
}

async function prepareFolder(folder: string, added: readonly DeviceUser[]): Promise<void> {
  await mkdir(join(folder, "ports"), { recursive: true });
  for (const file of ["embedded.conf", "accounts.conf"]) {
    await copyFile(projectPath("deploy", "nats", file), join(folder, file));
  }
  const devices = await DeviceUsers.open(join(folder, "devices"));
  for (const device of added) devices.set(device);
  await devices.save();
}

function serverArguments(folder: string, port: number): string[] {
  const flags = {
    config: join(folder, "embedded.conf"),
    addr: "127.0.0.1",
    port: String(port),
    store_dir: join(folder, "data"),
    ports_file_dir: join(folder, "ports"),
    pid: pidFile(folder),
    log: join(folder, "nats-server.log"),
  };
  return Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value]);
}

function serverEnvironment(passwords: RolePasswords, syncInterval: string): Record<string, string> {
  return {
    ...Object.fromEntries(ROLES.map((role) => [passwordVariable(role), passwords[role]])),
    UPGRADE_LEDGER_NATS_SYNC_INTERVAL: syncInterval,
  };
}

interface Running {
  readonly child: ServerProcess;
  readonly version: string;
  readonly passwords: RolePasswords;
  readonly registry: DeviceRegistry;
  readonly folder: string;
}

function embeddedServer({ child, version, passwords, registry, folder }: Running): NatsServer {
  return {
    ...registry,
    url: child.url,
    port: Number(new URL(child.url).port),
    pid: child.pid,
    version,
    folder,
    logFile: child.logFile,
    credentials: (role) => ({ role, password: passwords[role] }),
    stop: async () => {
      await child.stop("SIGTERM");
      await releaseDataFolder(folder);
    },
    kill: async () => {
      await child.stop("SIGKILL");
      await releaseDataFolder(folder);
    },
  };
}
