// A server without accounts, for what no identity of ours may do: delete consumers, and the ledger itself.
import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { LEDGER_STREAM } from "@upgrade-ledger/contract";
import { findNatsServer, readDefinitions } from "@upgrade-ledger/nats";
import { waitFor } from "@upgrade-ledger/testkit";

export interface OpenServer {
  readonly nc: NatsConnection;
  /** Makes the ledger, without what protects it from deletion. */
  createLedger(): Promise<void>;
  deleteLedger(): Promise<void>;
  /** Tears a hole into the ledger. */
  deleteEvent(seq: number): Promise<void>;
  /** Deletes every consumer of the ledger; answers how many there were. */
  deleteConsumers(): Promise<number>;
  stop(): Promise<void>;
}

export async function startOpenServer(): Promise<OpenServer> {
  const folder = await mkdtemp(join(tmpdir(), "upgrade-ledger-open-"));
  const { path } = await findNatsServer();
  const flags = ["-a", "127.0.0.1", "-p", "-1", "-js", "-sd", folder, "--ports_file_dir", folder];
  const child = spawn(path, flags, { stdio: "ignore" });
  const exited = new Promise((resolve) => {
    child.once("exit", resolve);
  });
  const url = await waitFor(() => urlIn(folder), { describe: "the ports file of the server" });
  const nc = await connect({ servers: url });
  const manager = await waitFor(() => jetstreamManager(nc), { describe: "JetStream to answer" });
  const definition = (await readDefinitions()).find(({ name }) => name === LEDGER_STREAM);
  return {
    nc,
    createLedger: async () => {
      await manager.streams.add({
        ...definition?.config,
        max_bytes: 64 * 1024 * 1024,
        deny_delete: false,
        deny_purge: false,
        name: LEDGER_STREAM,
      });
    },
    deleteLedger: async () => {
      await manager.streams.delete(LEDGER_STREAM);
    },
    deleteEvent: async (seq) => {
      await manager.streams.deleteMessage(LEDGER_STREAM, seq);
    },
    deleteConsumers: async () => {
      const consumers = await manager.consumers.list(LEDGER_STREAM).next();
      for (const { name } of consumers) await manager.consumers.delete(LEDGER_STREAM, name);
      return consumers.length;
    },
    stop: async () => {
      await nc.close();
      child.kill("SIGTERM");
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function urlIn(folder: string): Promise<string | undefined> {
  const file = (await readdir(folder)).find((name) => name.endsWith(".ports"));
  if (file === undefined) return undefined;
  return /nats:\/\/[^"]+/.exec(await readFile(join(folder, file), "utf8"))?.[0];
}
