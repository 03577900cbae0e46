import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { connectAs, newDeviceKey, provision } from "@upgrade-ledger/nats";
import { waitFor } from "@upgrade-ledger/testkit";

import { startCluster } from "./cluster-nodes.ts";
import type { Cluster } from "./cluster-nodes.ts";

describe("three nodes from the deployment's configuration files", { timeout: 60_000 }, () => {
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
    const publisher = jetstream(api);
    await publisher.publish("operator-cmd.d1.desired-version", "one");
    await publisher.publish("operator-cmd.d1.desired-version", "two");
    const leader = (await (await jetstreamManager(api)).streams.info("UPGRADE_LEDGER")).cluster?.leader ?? "";
    await cluster.kill(Number(leader.replace("nats-", "")) - 1);

    const acknowledged = await waitFor(
      () => publisher.publish("operator-cmd.d1.desired-version", "three", { msgID: "three", timeout: 2_000 }),
      { describe: "the remaining two to take an event", timeoutMs: 40_000 },
    );
    expect(acknowledged.seq).toBe(3);
    expect(await ledger(3)).toEqual(
      ["one", "two", "three"].map((body, index) => `${index + 1} operator-cmd.d1.desired-version ${body}`),
    );
  });

  it("let a device in that was registered while they run", async () => {
    const { publicKey, seed } = newDeviceKey();
    await cluster.devices.addDevice({ deviceId: "d1", publicKey });
    const device = await connectAs({ url: cluster.url, as: { deviceId: "d1", seed } });
    await expect(jetstream(device).publish("device-state.d1.upgrade", "four")).resolves.toMatchObject({
      seq: 4,
    });
    await device.close();
  });
});
