// G10 and the hostile half of G5: whatever a device sends, and wherever it asks for the answer, it writes only what is its own.
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import type { JetStreamManager } from "@nats-io/jetstream";
import { Kvm } from "@nats-io/kv";
import { headers } from "@nats-io/transport-node";
import type { Msg, NatsConnection } from "@nats-io/transport-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { devicePermissions } from "@upgrade-ledger/nats";
import { startLedgerServer, waitFor } from "@upgrade-ledger/testkit";
import type { LedgerServer } from "@upgrade-ledger/testkit";

import { isRefusedToPublish, isRefusedToSubscribe } from "./refusals.ts";

const STREAMS = [
  "UPGRADE_LEDGER",
  "LEDGER_CHECKPOINTS",
  "DEVICE_HEARTBEATS",
  "KV_device-info",
  "KV_desired-state",
  "KV_workload-state",
  "KV_upgrade-devices",
  "OBJ_agent-artifacts",
];

/** Every subject that d1 may publish to, without wildcards. */
const GRANTED = devicePermissions("d1").publish.flatMap((subject) =>
  subject.startsWith("$JS.API.DIRECT.GET.UPGRADE_LEDGER.operator-cmd")
    ? [subject.replace("*", "desired-version"), subject.replace("*", "upgrade-stop")]
    : [
        subject
          .replace("KV_device-info.$KV.device-info.*", "KV_device-info.$KV.device-info.info")
          .replace(/\.[*>]$/, ".x"),
      ],
);

const HOSTILE_REPLIES = [
  ...STREAMS.flatMap((stream) =>
    ["DELETE", "PURGE", "UPDATE", "MSG.DELETE", "SNAPSHOT"].map((verb) => `$JS.API.STREAM.${verb}.${stream}`),
  ),
  "$JS.API.STREAM.CREATE.stolen",
  "$JS.API.CONSUMER.CREATE.UPGRADE_LEDGER.spy",
  "$JS.API.DIRECT.GET.UPGRADE_LEDGER.operator-cmd.d2.desired-version",
  "$SYS.REQ.SERVER.PING",
  "device-state.d2.upgrade",
  "device-heartbeat.d2.instance",
  "device-observed.d1.agent",
  "operator-cmd.d1.upgrade-stop",
  "operator-cmd.d2.desired-version",
  "live-cmd.d2.upgrade-stop",
  "fleet.artifact",
  "ledger-checkpoint",
  "$KV.device-info.info.d2",
  "$KV.device-info.desired.d1",
  "$KV.desired-state.d1",
  "$KV.desired-state.d2",
  "$KV.workload-state.d2",
  "$KV.upgrade-devices.d1",
  "$O.agent-artifacts.M.x",
];

const HOSTILE_HEADERS: readonly Record<string, string>[] = [
  {},
  { "Nats-Rollup": "all" },
  { "Nats-Rollup": "sub" },
  { "Nats-TTL": "1s" },
  { "Nats-Marker-Reason": "Purge" },
  { "KV-Operation": "PURGE", "Nats-Rollup": "sub" },
  { "Nats-Schedule": "@at 2020-01-01T00:00:00Z", "Nats-Schedule-Target": "operator-cmd.d2.upgrade-stop" },
  { "Nats-Incr": "1" },
  { "Nats-Stream-Source": "UPGRADE_LEDGER 1 > >" },
];

/** Bodies that the JetStream API would obey, were they to reach it. */
const HOSTILE_BODIES = [
  "",
  "{}",
  '{"seq":1}',
  '{"name":"UPGRADE_LEDGER","max_msgs":1}',
  '{"last_by_subj":"operator-cmd.d2.desired-version"}',
];

describe("a device", () => {
  let server: LedgerServer;
  let device: NatsConnection;
  let manager: JetStreamManager;

  beforeAll(async () => {
    server = await startLedgerServer({ syncInterval: "2m" });
    const api = await server.connect("api");
    manager = await jetstreamManager(api);
    device = await server.connectDevice("d1");
    const other = await server.connectDevice("d2");
    for (const id of ["d1", "d2"]) {
      await jetstream(api).publish(`operator-cmd.${id}.desired-version`, `{"for":"${id}"}`);
      await (await new Kvm(api).open("desired-state")).put(id, `{"wanted":"${id}"}`);
    }
    for (const subject of [
      "device-state.d2.upgrade",
      "device-heartbeat.d2.instance",
      "$KV.device-info.info.d2",
      "$KV.workload-state.d2",
    ]) {
      await jetstream(other).publish(subject, `{"its":"${subject}"}`);
    }
  });
  afterAll(async () => {
    await server.stop();
  });

  /** Every stored message that is not d1's own, and every stream's configuration. */
  async function everythingElse(): Promise<unknown> {
    const streams = await manager.streams.list().next();
    const own = new Set(["device-state.d1.upgrade", "$KV.device-info.info.d1", "$KV.workload-state.d1"]);
    return Promise.all(
      streams.map(async ({ config, state }) => {
        const messages: unknown[] = [];
        for (let seq = state.first_seq; seq <= state.last_seq && state.messages > 0; seq++) {
          const message = await manager.direct.getMessage(config.name, { seq }).catch(() => null);
          if (message && !own.has(message.subject) && !message.subject.startsWith("device-heartbeat.d1.")) {
            messages.push([seq, message.subject, message.string()]);
          }
        }
        return { config, messages };
      }),
    );
  }

  it.each(GRANTED)(
    "can't harm anything through %s, whatever the reply subject, headers and body",
    async (subject) => {
      const before = await everythingElse();
      const ledgerBefore = await manager.streams.info("UPGRADE_LEDGER");
      let sent = 0;
      for (const reply of HOSTILE_REPLIES) {
        for (const fields of HOSTILE_HEADERS) {
          for (const body of HOSTILE_BODIES) {
            const hostile = headers();
            for (const [name, value] of Object.entries(fields)) hostile.set(name, value);
            device.publish(subject, body, { reply, headers: hostile });
            sent += 1;
          }
        }
      }
      // One connection's requests are served in order: once these are answered, the hostile ones have been dealt with.
      await jetstream(device).publish("device-state.d1.upgrade", "{}", { timeout: 20_000 });
      await manager.streams.info("UPGRADE_LEDGER");

      expect(await everythingElse()).toEqual(before);
      const ledger = await manager.streams.info("UPGRADE_LEDGER");
      expect(ledger.created).toBe(ledgerBefore.created);
      expect(ledger.state.first_seq).toBe(ledgerBefore.state.first_seq);
      expect(ledger.state.num_deleted ?? 0).toBe(0);
      const appended = ledger.state.messages - ledgerBefore.state.messages;
      expect(appended).toBeGreaterThanOrEqual(1);
      expect(appended).toBeLessThanOrEqual(subject === "device-state.d1.upgrade" ? sent + 1 : 1);
    },
  );

  it("can make another device hear only what shows by its Nats-Stream header or as an acknowledgement where it is from", async () => {
    const other = await server.connectDevice("d2");
    const heard: Msg[] = [];
    const mine = [
      "device-cmd.d2.upgrade-stop",
      "device-heartbeat.d2.instance",
      "$KV.desired-state.d2",
      "_INBOX_d2.x",
    ];
    for (const subject of devicePermissions("d2").subscribe) {
      other.subscribe(subject, { callback: (_error, message) => void heard.push(message) });
    }
    await other.flush();
    const forged =
      '{"device_id":"d2","instance_id":"instance","current_version":"6.6.6","agent_state":"running"}';
    await jetstream(device).publish("device-state.d1.upgrade", forged);
    for (const subject of GRANTED) {
      for (const reply of mine) {
        device.publish(subject, subject.startsWith("$JS.API") ? "" : forged, { reply });
      }
    }
    await jetstream(device).publish("device-state.d1.upgrade", "{}");
    await waitFor(() => heard.some((message) => message.string() === forged), {
      describe: "a forged message",
    });
    await jetstream(other).publish("device-state.d2.upgrade", "{}");

    const unmarked = heard.filter(
      (message) => !message.headers?.has("Nats-Stream") && message.string() !== "",
    );
    for (const message of unmarked) expect(message.json()).toHaveProperty("stream");
  });

  it.each([
    "device-state.d2.upgrade",
    "device-state.d1.other",
    "device-heartbeat.d2.instance",
    "device-observed.d1.agent",
    "operator-cmd.d1.upgrade-stop",
    "operator-cmd.d1.desired-version",
    "live-cmd.d2.upgrade-stop",
    "device-cmd.d2.upgrade-stop",
    "device-cmd.d1.upgrade-stop",
    "fleet.artifact",
    "ledger-checkpoint",
    "$KV.device-info.info.d2",
    "$KV.device-info.desired.d1",
    "$KV.desired-state.d1",
    "$KV.workload-state.d2",
    "$KV.upgrade-devices.d1",
    "$O.agent-artifacts.C.x",
    "$JS.API.INFO",
    "$JS.API.STREAM.INFO.UPGRADE_LEDGER",
    "$JS.API.STREAM.DELETE.UPGRADE_LEDGER",
    "$JS.API.STREAM.UPDATE.UPGRADE_LEDGER",
    "$JS.API.STREAM.MSG.GET.UPGRADE_LEDGER",
    "$JS.API.CONSUMER.CREATE.UPGRADE_LEDGER.spy",
    "$JS.API.DIRECT.GET.UPGRADE_LEDGER",
    "$JS.API.DIRECT.GET.UPGRADE_LEDGER.operator-cmd.d2.desired-version",
    "$JS.API.DIRECT.GET.UPGRADE_LEDGER.device-state.d2.upgrade",
    "$JS.API.DIRECT.GET.KV_desired-state.$KV.desired-state.d2",
    "$JS.API.DIRECT.GET.KV_device-info.$KV.device-info.info.d2",
    "$JS.API.DIRECT.GET.KV_workload-state.$KV.workload-state.d2",
    "$JS.ACK.UPGRADE_LEDGER.c.1.1.1.1.1",
    "$SYS.REQ.SERVER.PING",
    "_INBOX_d2.x",
    "_INBOX_operator.x",
  ])("may not publish %s", async (subject) => {
    expect(await isRefusedToPublish(device, subject)).toBe(true);
  });

  it.each([
    ">",
    "device-cmd.>",
    "device-cmd.*.upgrade-stop",
    "device-cmd.d2.>",
    "live-cmd.>",
    "device-heartbeat.*.*",
    "device-heartbeat.d2.*",
    "device-state.*.upgrade",
    "$KV.desired-state.*",
    "$KV.desired-state.d2",
    "_INBOX.>",
    "_INBOX_d2.>",
    "$JS.>",
    "$SYS.>",
  ])("may not subscribe %s", async (subject) => {
    expect(await isRefusedToSubscribe(device, subject)).toBe(true);
  });
});
