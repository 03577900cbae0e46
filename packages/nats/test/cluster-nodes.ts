// Three servers from the configuration files that docker-compose.yml mounts, as plain processes on loopback.
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdir, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import {
  connectAs,
  DeviceUsers,
  findNatsServer,
  loadOrCreatePasswords,
  openDeviceRegistry,
  passwordVariable,
  ROLES,
} from "@upgrade-ledger/nats";
import type { DeviceRegistry, Role } from "@upgrade-ledger/nats";
import type { NatsConnection } from "@nats-io/transport-node";

const DEPLOY = join(import.meta.dirname, "..", "..", "..", "deploy", "nats");

export interface Cluster {
  /** All three nodes. */
  readonly url: string;
  readonly devices: DeviceRegistry;
  connect(role: Role): Promise<NatsConnection>;
  kill(node: number): Promise<void>;
  stop(): Promise<void>;
}

/** Starts the three nodes; they may still be electing when this returns. */
export async function startCluster(): Promise<Cluster> {
  const folder = await mkdtemp(join(tmpdir(), "upgrade-ledger-cluster-"));
  for (const file of ["cluster.conf", "accounts.conf"])
    await copyFile(join(DEPLOY, file), join(folder, file));
  await mkdir(join(folder, "data"));
  await DeviceUsers.open(join(folder, "devices"));
  const passwords = await loadOrCreatePasswords(join(folder, "secrets.json"));
  const ports = await freePorts(6);
  const { path: binary } = await findNatsServer();
  const routes = [0, 1, 2].map((node) => `nats-route://node:cluster-secret@127.0.0.1:${ports[node + 3]}`);

  const nodes: ChildProcess[] = [0, 1, 2].map((node) =>
    spawn(binary, ["--config", join(folder, "cluster.conf"), "--log", join(folder, `node-${node}.log`)], {
      stdio: "ignore",
      env: {
        ...Object.fromEntries(ROLES.map((role) => [passwordVariable(role), passwords[role]])),
        ...Object.fromEntries(
          routes.map((route, index) => [`UPGRADE_LEDGER_NATS_ROUTE_${index + 1}`, JSON.stringify(route)]),
        ),
        UPGRADE_LEDGER_NATS_NODE: `nats-${node + 1}`,
        UPGRADE_LEDGER_NATS_LISTEN: `"127.0.0.1:${ports[node]}"`,
        UPGRADE_LEDGER_NATS_CLUSTER_LISTEN: `"127.0.0.1:${ports[node + 3]}"`,
        UPGRADE_LEDGER_NATS_CLUSTER_PASSWORD: "cluster-secret",
        UPGRADE_LEDGER_NATS_STORE: JSON.stringify(join(folder, "data", String(node))),
        UPGRADE_LEDGER_NATS_SYNC_INTERVAL: "always",
      },
    }),
  );
  process.once("exit", () => {
    for (const node of nodes) node.kill("SIGKILL");
  });
  const url = [0, 1, 2].map((node) => `nats://127.0.0.1:${ports[node]}`).join(",");
  const connections: NatsConnection[] = [];
  return {
    url,
    devices: await openDeviceRegistry({
      folder: join(folder, "devices"),
      url,
      systemPassword: passwords.system,
    }),
    connect: async (role) => {
      const as = { role, password: passwords[role] };
      const connection = await connectAs({ url, as, waitOnFirstConnect: true });
      connections.push(connection);
      return connection;
    },
    kill: async (node) => {
      await Promise.all(nodes.slice(node, node + 1).map((child) => end(child, "SIGKILL")));
    },
    stop: async () => {
      await Promise.all(connections.map((connection) => connection.close()));
      await Promise.all(nodes.map((node) => end(node, "SIGKILL")));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill(signal);
  await gone;
}

/** Ports that were free a moment ago: the routes of a cluster have to be known before its nodes start. */
async function freePorts(count: number): Promise<number[]> {
  const listeners = await Promise.all(
    Array.from({ length: count }, async () => {
      const listener = createServer().listen(0, "127.0.0.1");
      await once(listener, "listening");
      return listener;
    }),
  );
  return Promise.all(
    listeners.map(async (listener) => {
      const address = listener.address();
      listener.close();
      await once(listener, "close");
      return typeof address === "object" && address ? address.port : 0;
    }),
  );
}
