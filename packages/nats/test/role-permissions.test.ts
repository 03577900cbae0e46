// What each identity needs works, and what nobody but the provisioning one may do is refused (G5, spec §8).
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import type { OrderedConsumerOptions } from "@nats-io/jetstream";
import { Kvm } from "@nats-io/kv";
import { Objm } from "@nats-io/obj";
import type { NatsConnection } from "@nats-io/transport-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import type { Role } from "@upgrade-ledger/nats";
import { startLedgerServer, waitFor } from "@upgrade-ledger/testkit";
import type { LedgerServer } from "@upgrade-ledger/testkit";

import { isRefusedToPublish, isRefusedToSubscribe } from "./refusals.ts";

const DESTRUCTIVE = [
  "DELETE",
  "PURGE",
  "UPDATE",
  "CREATE",
  "MSG.DELETE",
  "RESTORE",
  "PEER.REMOVE",
  "LEADER.STEPDOWN",
];
const HISTORY = ["UPGRADE_LEDGER", "LEDGER_CHECKPOINTS"];

let server: LedgerServer;
let operator: NatsConnection;
let api: NatsConnection;
let device: NatsConnection;

beforeAll(async () => {
  server = await startLedgerServer({ syncInterval: "2m" });
  operator = await server.connect("operator");
  api = await server.connect("api");
  device = await server.connectDevice("d1");
  await jetstream(device).publish("device-state.d1.upgrade", '{"phase":"staging"}');
  await jetstream(api).publish("operator-cmd.d1.desired-version", '{"to":"0.1.2"}');
});
afterAll(async () => {
  await server.stop();
});

async function readTwo(
  connection: NatsConnection,
  options: Partial<OrderedConsumerOptions>,
): Promise<string[]> {
  const consumer = await jetstream(connection).consumers.get("UPGRADE_LEDGER", options);
  const messages = await consumer.consume({ max_messages: 100 });
  const read: string[] = [];
  for await (const message of messages) {
    read.push(message.subject);
    if (read.length === 2) break;
  }
  return read;
}

async function artifactMessage(request: object): Promise<{ seq: number; data: Uint8Array }> {
  const reply = await device.request("$JS.API.DIRECT.GET.OBJ_agent-artifacts", JSON.stringify(request));
  return { seq: Number(reply.headers?.get("Nats-Sequence")), data: reply.data };
}

function connectionOf(role: Role): NatsConnection {
  return role === "operator" ? operator : api;
}

describe.each<Role>(["operator", "api"])("the %s role", (role) => {
  it("reads the ledger with an ordered pull consumer, and from a sequence", async () => {
    expect(await readTwo(connectionOf(role), {})).toEqual([
      "device-state.d1.upgrade",
      "operator-cmd.d1.desired-version",
    ]);
    expect(
      await readTwo(connectionOf(role), { deliver_policy: "by_start_sequence", opt_start_seq: 1 }),
    ).toHaveLength(2);
  });

  it("reads the ledger with an ordered push consumer", async () => {
    const consumer = await jetstream(connectionOf(role)).consumers.getPushConsumer("UPGRADE_LEDGER");
    const messages = await consumer.consume();
    const read: number[] = [];
    for await (const message of messages) {
      read.push(message.seq);
      if (read.length === 2) break;
    }
    expect(read).toEqual([1, 2]);
  });

  it("gets single events by sequence and by subject", async () => {
    const manager = await jetstreamManager(connectionOf(role));
    expect((await manager.direct.getMessage("UPGRADE_LEDGER", { seq: 1 }))?.subject).toBe(
      "device-state.d1.upgrade",
    );
    const last = await manager.direct.getMessage("UPGRADE_LEDGER", {
      last_by_subj: "operator-cmd.d1.desired-version",
    });
    expect(last?.seq).toBe(2);
    expect((await manager.streams.info("UPGRADE_LEDGER")).state.messages).toBeGreaterThanOrEqual(2);
  });

  it("hears heartbeats live", async () => {
    const heard: string[] = [];
    const subscription = connectionOf(role).subscribe("device-heartbeat.*.*", {
      callback: (_error, message) => void heard.push(message.subject),
    });
    await connectionOf(role).flush();
    device.publish("device-heartbeat.d1.instance", "{}");
    await waitFor(() => heard.length > 0, { describe: "the heartbeat" });
    expect(heard).toEqual(["device-heartbeat.d1.instance"]);
    subscription.unsubscribe();
  });

  it.each(HISTORY.flatMap((stream) => DESTRUCTIVE.map((verb) => `$JS.API.STREAM.${verb}.${stream}`)))(
    "may not publish %s",
    async (subject) => {
      expect(await isRefusedToPublish(connectionOf(role), subject)).toBe(true);
    },
  );

  it.each([
    "device-state.d1.upgrade",
    "device-heartbeat.d1.instance",
    "live-cmd.d1.upgrade-stop",
    "$SYS.REQ.SERVER.PING",
    "$JS.API.CONSUMER.CREATE",
  ])("may not publish %s either", async (subject) => {
    expect(await isRefusedToPublish(connectionOf(role), subject)).toBe(true);
  });

  it.each([">", "_INBOX.>", "live-cmd.>", "device-state.*.upgrade", "$JS.API.>"])(
    "may not subscribe %s",
    async (subject) => {
      expect(await isRefusedToSubscribe(connectionOf(role), subject)).toBe(true);
    },
  );
});

describe("the operator role", () => {
  it("stores checkpoints and reads them, and the query API only reads them", async () => {
    await jetstream(operator).publish("ledger-checkpoint", "a note", { expect: { lastSubjectSequence: 0 } });
    for (const connection of [operator, api]) {
      const { direct, streams } = await jetstreamManager(connection);
      const last = await direct.getMessage("LEDGER_CHECKPOINTS", { last_by_subj: "ledger-checkpoint" });
      expect(last?.string()).toBe("a note");
      expect((await streams.info("LEDGER_CHECKPOINTS")).state.messages).toBe(1);
    }
    expect(await isRefusedToPublish(api, "ledger-checkpoint")).toBe(true);
    expect(await isRefusedToPublish(device, "ledger-checkpoint")).toBe(true);
  });

  it("stops an old agent, and records what it saw, with acknowledgement", async () => {
    const stop = await jetstream(operator).publish("operator-cmd.d1.upgrade-stop", "{}", { msgID: "stop-1" });
    const seen = await jetstream(operator).publish("device-observed.d1.agent", "{}");
    expect(seen.seq).toBe(stop.seq + 1);
  });

  it("writes, reads and watches the projections, and mirrors the desired version", async () => {
    for (const bucket of ["upgrade-devices", "upgrade-histories", "upgrade-catalogue"]) {
      const store = await new Kvm(operator).open(bucket);
      await store.put("d1", "state");
      expect((await store.get("d1"))?.string()).toBe("state");
      const watch = await store.watch({ key: "d1" });
      for await (const entry of watch) {
        expect(entry.string()).toBe("state");
        break;
      }
      await store.delete("d1");
    }
    await (await new Kvm(operator).open("device-info")).put("desired.d1", "0.1.2");
  });

  it.each([
    "operator-cmd.d1.desired-version",
    "fleet.artifact",
    "$KV.device-info.info.d1",
    "$KV.desired-state.d1",
    "$O.agent-artifacts.M.x",
    "$JS.API.STREAM.PURGE.KV_upgrade-devices",
  ])("may not publish %s", async (subject) => {
    expect(await isRefusedToPublish(operator, subject)).toBe(true);
  });
});

describe("the api role", () => {
  it.each([
    "operator-cmd.d1.desired-version",
    "device-observed.d1.schedule",
    "device-observed.d1.identity",
    "fleet.artifact",
  ])("appends %s with acknowledgement", async (subject) => {
    expect((await jetstream(api).publish(subject, "{}")).stream).toBe("UPGRADE_LEDGER");
  });

  it("reads the projections, last heartbeats and workload states, and writes desired states", async () => {
    await (await new Kvm(operator).open("upgrade-devices")).put("d1", "folded");
    expect((await (await new Kvm(api).open("upgrade-devices")).get("d1"))?.string()).toBe("folded");
    await jetstream(device).publish("device-heartbeat.d1.instance", '{"n":1}');
    const manager = await jetstreamManager(api);
    const heartbeat = await manager.direct.getMessage("DEVICE_HEARTBEATS", {
      last_by_subj: "device-heartbeat.d1.instance",
    });
    expect(heartbeat?.string()).toBe('{"n":1}');
    await (await new Kvm(api).open("desired-state")).put("d1", "{}");
    await jetstream(device).publish("$KV.workload-state.d1", '{"running":2}');
    const keys: string[] = [];
    for await (const key of await (await new Kvm(api).open("workload-state")).keys()) keys.push(key);
    expect(keys).toEqual(["d1"]);
  });

  it.each([
    "operator-cmd.d1.upgrade-stop",
    "device-observed.d1.agent",
    "device-observed.d1.upgrade",
    "$KV.upgrade-devices.d1",
    "$KV.device-info.desired.d1",
    "$JS.API.STREAM.PURGE.KV_desired-state",
  ])("may not publish %s", async (subject) => {
    expect(await isRefusedToPublish(api, subject)).toBe(true);
  });
});

describe("a device", () => {
  it("appends, reports, and reads its own last events, keys and commands", async () => {
    const appended = await jetstream(device).publish("device-state.d1.upgrade", '{"phase":"done"}', {
      msgID: "event-1",
    });
    await jetstream(device).publish("$KV.device-info.info.d1", '{"platform":"linux-x64"}');
    await jetstream(device).publish("$KV.workload-state.d1", "{}");
    await (await new Kvm(api).open("desired-state")).put("d1", '{"deployments":[]}');
    const manager = await jetstreamManager(device, { checkAPI: false });
    const last = async (stream: string, subject: string): Promise<string | undefined> =>
      (await manager.direct.getMessage(stream, { last_by_subj: subject }))?.string();
    expect(
      (await manager.direct.getMessage("UPGRADE_LEDGER", { last_by_subj: "device-state.d1.upgrade" }))?.seq,
    ).toBe(appended.seq);
    expect(await last("UPGRADE_LEDGER", "operator-cmd.d1.desired-version")).toBeDefined();
    expect(await last("KV_device-info", "$KV.device-info.info.d1")).toBe('{"platform":"linux-x64"}');
    expect(await last("KV_workload-state", "$KV.workload-state.d1")).toBe("{}");
    expect(await last("KV_desired-state", "$KV.desired-state.d1")).toBe('{"deployments":[]}');
  });

  it("hears its other instance's heartbeats and its desired state", async () => {
    const other = await server.connectDevice("d1");
    const heard: string[] = [];
    for (const subject of ["device-heartbeat.d1.*", "$KV.desired-state.d1"]) {
      device.subscribe(subject, { callback: (_error, message) => void heard.push(message.subject) });
    }
    await device.flush();
    other.publish("device-heartbeat.d1.new", "{}");
    await (await new Kvm(api).open("desired-state")).put("d1", "{}");
    await waitFor(() => heard.length === 2, { describe: "both messages" });
    expect(heard.toSorted()).toEqual(["$KV.desired-state.d1", "device-heartbeat.d1.new"]);
  });

  it("reads an artifact from the object store by raw direct gets", async () => {
    const artifact = Buffer.alloc(700_000, "agent");
    await (await new Objm(api).open("agent-artifacts")).putBlob({ name: "fleet-agent-v0.1.2-any" }, artifact);

    const name = Buffer.from("fleet-agent-v0.1.2-any").toString("base64url");
    const padded = name.padEnd(Math.ceil(name.length / 4) * 4, "=");
    const meta = await artifactMessage({ last_by_subj: `$O.agent-artifacts.M.${padded}` });
    const { nuid, chunks } = JSON.parse(Buffer.from(meta.data).toString()) as {
      nuid: string;
      chunks: number;
    };
    const parts: Uint8Array[] = [];
    for (let next = 1; parts.length < chunks;) {
      const chunk = await artifactMessage({ seq: next, next_by_subj: `$O.agent-artifacts.C.${nuid}` });
      parts.push(chunk.data);
      next = chunk.seq + 1;
    }
    expect(Buffer.concat(parts).equals(artifact)).toBe(true);
  });
});

describe("the provisioning role", () => {
  it.each([
    "$JS.API.STREAM.DELETE.UPGRADE_LEDGER",
    "$JS.API.STREAM.PURGE.UPGRADE_LEDGER",
    "$JS.API.STREAM.MSG.DELETE.UPGRADE_LEDGER",
    "operator-cmd.d1.upgrade-stop",
    "device-state.d1.upgrade",
  ])("may not publish %s: it makes streams, and writes and removes nothing in them", async (subject) => {
    expect(await isRefusedToPublish(await server.connect("provisioning"), subject)).toBe(true);
  });
});
