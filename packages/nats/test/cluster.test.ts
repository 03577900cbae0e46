import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { connectAs, newDeviceKey, provision } from "@upgrade-ledger/nats";
import { waitFor } from "@upgrade-ledger/testkit";

import { startCluster } from "./cluster-nodes.ts";
import type { Cluster } from "./cluster-nodes.ts";

const PATIENCE_MS = 40_000;

describe("three nodes from the deployment's configuration files", { timeout: 120_000 }, () => {
  let cluster: Cluster;
  let api: NatsConnection;

  beforeAll(async () => {
    cluster = await startCluster();
    api = await cluster.connect("api");
  });
  afterAll(async () => {
    await cluster.stop();
  });

  /** Everything stored, read anew. */
  async function ledger(count: number): Promise<string[]> {
    const consumer = await jetstream(api).consumers.get("UPGRADE_LEDGER", {});
    const read: string[] = [];
    for await (const message of await consumer.consume({ max_messages: 100, expires: 5_000 })) {
      read.push(`${message.seq} ${message.subject} ${message.string()}`);
      if (read.length === count) break;
    }
    return read;
  }

  /** Appends once, however often the request has to be repeated while a cluster on two busy cores elects its leaders. */
  async function append(body: string) {
    const publish = () =>
      jetstream(api).publish("operator-cmd.d1.desired-version", body, { msgID: body, timeout: 2_000 });
    return waitFor(publish, { describe: `the nodes to take "${body}"`, timeoutMs: PATIENCE_MS });
  }

  it("hold three copies of the ledger", async () => {
    const provisioning = await cluster.connect("provisioning");
    const options = { replicas: 3, ledgerMaxBytes: 64 * 1024 * 1024 } as const;
    await waitFor(() => provision(provisioning, options), {
      describe: "the cluster to elect a leader and take the streams",
      timeoutMs: 40_000,
      intervalMs: 250,
    });
    const info = await (await jetstreamManager(api)).streams.info("UPGRADE_LEDGER");
    expect(info.config.num_replicas).toBe(3);
    expect(info.cluster?.replicas).toHaveLength(2);
    const again = await provision(provisioning, options);
    expect(again).toMatchObject({ created: [], drifted: [], updated: [] });
  });

  it("go on when one of them is killed, and have lost nothing", async () => {
    expect((await append("one")).seq).toBe(1);
    expect((await append("two")).seq).toBe(2);
    const leader = await waitFor(
      async () => (await (await jetstreamManager(api)).streams.info("UPGRADE_LEDGER")).cluster?.leader,
      { describe: "the ledger's leader", timeoutMs: PATIENCE_MS },
    );
    await cluster.kill(Number(leader.replace("nats-", "")) - 1);
    expect((await append("three")).seq).toBe(3);
    const read = await waitFor(() => ledger(3), {
      describe: "the ledger to be read",
      timeoutMs: PATIENCE_MS,
    });
    expect(read).toEqual(
      ["one", "two", "three"].map((body, index) => `${index + 1} operator-cmd.d1.desired-version ${body}`),
    );
  });

  it("let a device in that was registered while they run", async () => {
    const { publicKey, seed } = newDeviceKey();
    await cluster.devices.addDevice({ deviceId: "d1", publicKey });
    const device = await connectAs({ url: cluster.url, as: { deviceId: "d1", seed } });
    const { seq } = await waitFor(
      () => jetstream(device).publish("device-state.d1.upgrade", "four", { msgID: "four", timeout: 2_000 }),
      { describe: "the nodes to take the device's event", timeoutMs: PATIENCE_MS },
    );
    expect(seq).toBe(4);
    await device.close();
  });
});
