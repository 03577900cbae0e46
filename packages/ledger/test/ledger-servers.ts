// Real servers for the tests of this package: restarted in place, with small limits, and behind a line that can be cut.
import { connect as connectTcp, createServer, type AddressInfo, type Socket } from "node:net";
import { jetstreamManager, type StreamConfig } from "@nats-io/jetstream";
import { nanos, type NatsConnection } from "@nats-io/transport-node";
import { connectAs, readDefinitions, startNatsServer, type NatsServer } from "@upgrade-ledger/nats";
import { LEDGER_STREAM } from "@upgrade-ledger/contract";
import { startLedgerServer, type LedgerServer } from "@upgrade-ledger/testkit";

/** A ledger of the real definition with some fields changed. */
export async function startChangedLedger(change: Partial<StreamConfig>): Promise<LedgerServer> {
  const server = await startLedgerServer({ skipProvisioning: true });
  await createLedger(server, change);
  return server;
}

export async function createLedger(server: LedgerServer, change: Partial<StreamConfig>): Promise<void> {
  const definition = (await readDefinitions()).find(({ name }) => name === LEDGER_STREAM);
  const manager = await jetstreamManager(await server.connect("provisioning"));
  await manager.streams.add({
    ...definition?.config,
    max_bytes: 64 * 1024 * 1024,
    ...change,
    name: LEDGER_STREAM,
  });
}

export const seconds = (count: number) => nanos(count * 1000);

/** Kills the server and starts it again on its port and folder. The returned server must be stopped, too. */
export async function killAndRestart(server: LedgerServer): Promise<NatsServer> {
  await server.nats.kill();
  return restart(server);
}

export function restart(server: LedgerServer): Promise<NatsServer> {
  return startNatsServer({ dataDir: server.dataDir, port: server.nats.port });
}

/** A TCP line to a server that can hold back what the server says, and be cut. */
export interface Line {
  readonly url: string;
  /** From now on nothing of what the server says arrives. */
  holdAnswers(): void;
  /** Cuts every connection; the next ones work. */
  cut(): void;
  connect(server: LedgerServer, role: "operator" | "api"): Promise<NatsConnection>;
  close(): Promise<void>;
}

export async function startLine(server: LedgerServer): Promise<Line> {
  const sockets = new Set<Socket>();
  const connections: NatsConnection[] = [];
  let holding = false;
  const proxy = createServer((near) => {
    const far = connectTcp(server.nats.port, "127.0.0.1");
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        near.destroy();
        far.destroy();
      });
    }
    near.pipe(far);
    far.on("data", (chunk) => {
      if (!holding) near.write(chunk);
    });
  });
  await new Promise<void>((resolve) => {
    proxy.listen(0, "127.0.0.1", resolve);
  });
  const { port } = proxy.address() as AddressInfo;
  const url = `nats://127.0.0.1:${port}`;
  const cut = () => {
    holding = false;
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };
  return {
    url,
    cut,
    holdAnswers: () => {
      holding = true;
    },
    connect: async (to, role) => {
      const connection = await connectAs({ url, as: to.nats.credentials(role) });
      connections.push(connection);
      return connection;
    },
    close: async () => {
      await Promise.all(connections.map((connection) => connection.close()));
      cut();
      await new Promise((resolve) => {
        proxy.close(resolve);
      });
    },
  };
}
