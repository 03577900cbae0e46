// Commands: a doorbell is no command; what is stored is, and it is handed on with how it was heard (spec §3.1, §4).
import { headers, type Msg, type NatsConnection, type SubscriptionOptions } from "@nats-io/transport-node";
import { BareVersion, DeviceId, HEADERS, InstanceId, UpgradeId, Version } from "@upgrade-ledger/contract";
import { createWriter, type LedgerWriter, ledgerOf, newEventId, newInstanceId } from "@upgrade-ledger/ledger";
import { type LedgerServer, startLedgerServer, waitFor } from "@upgrade-ledger/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Command, Commands } from "../../src/link/commands.ts";
import { readOwnLast } from "../../src/link/own-last.ts";

let server: LedgerServer;
let asks: LedgerWriter;
let stops: LedgerWriter;
function writerOf(nc: NatsConnection, role: "api" | "coordinator"): LedgerWriter {
  return createWriter({ ledger: ledgerOf(nc), role, instanceId: newInstanceId(), version: "0.1.0" });
}
beforeAll(async () => {
  server = await startLedgerServer();
  asks = writerOf(await server.connect("api"), "api");
  stops = writerOf(await server.connect("operator"), "coordinator");
});
afterAll(() => server.stop());

async function listen(deviceId: string, through = (nc: NatsConnection) => nc) {
  const got: Command[] = [];
  let nowMs = 1_000;
  const nc = await server.connectDevice(deviceId);
  const commands = new Commands({
    deviceId: DeviceId.parse(deviceId),
    onCommand: (command) => got.push(command),
    now: () => (nowMs += 1),
    log: { warn: () => undefined },
    doorbellGraceMs: 20,
  });
  commands.attach(through(nc));
  await nc.flush();
  await commands.onUp();
  return { got, commands };
}

const ask = (deviceId: string, version: string) =>
  asks.append(DeviceId.parse(deviceId), {
    type: "desired-version",
    desired_version: BareVersion.parse(version),
    artifact: null,
    actor: "local:test",
    reason: "a test",
  });

const stop = (deviceId: string) =>
  stops.append(DeviceId.parse(deviceId), {
    type: "upgrade-stop",
    upgrade_id: UpgradeId.parse(newEventId()),
    reason: "a test",
    deadline_ms: 5_000,
    stop_instance_id: InstanceId.parse("old"),
    attempt: 1,
    evidence: {
      instance_id: InstanceId.parse("new"),
      current_version: Version.parse("0.1.2"),
      agent_state: "running",
      observed_event_id: newEventId(),
      heartbeat_at: new Date().toISOString(),
      observed_for_ms: 1,
    },
  });

it("hands on what is stored while it listens, heard live", async () => {
  const { got } = await listen("cmd-1");
  await ask("cmd-1", "0.1.2");
  const sent = await stop("cmd-1");
  const found = await waitFor(() => got.find(({ kind }) => kind === "stop"), { describe: "the stop" });
  expect(found).toMatchObject({
    stop: { eventId: sent.eventId, stopInstanceId: "old", evidenceInstanceId: "new" },
  });
  expect(found.kind === "stop" && found.stop.heardMs).toBeTypeOf("number");
  expect(got[0]).toMatchObject({ kind: "desired", desired: { version: "0.1.2" } });
});

it("finds what was stored before, in ledger order, and not as heard live", async () => {
  await server.registerDevice("cmd-2");
  await stop("cmd-2");
  await ask("cmd-2", "0.1.2");
  await ask("cmd-2", "0.1.3");
  const { got } = await listen("cmd-2");
  expect(got).toMatchObject([
    { kind: "stop", stop: { heardMs: null } },
    { kind: "desired", desired: { version: "0.1.3" } },
  ]);
});

it("a doorbell heard on an earlier connection is no news on the next", async () => {
  const { got, commands } = await listen("cmd-3");
  await stop("cmd-3");
  await waitFor(() => got.length > 0, { describe: "the stop" });
  commands.onDown();
  got.length = 0;
  await commands.onUp();
  expect(got).toMatchObject([{ kind: "stop", stop: { heardMs: null } }]);
});

it("a forged doorbell, for what is not stored or for a stop that was found before, makes nothing live", async () => {
  await server.registerDevice("cmd-4");
  const old = await stop("cmd-4");
  const rings: ((message: Msg) => void)[] = [];
  const { got, commands } = await listen("cmd-4", (nc) => listenIn(nc, rings));
  expect(got).toMatchObject([{ stop: { eventId: old.eventId, heardMs: null } }]);
  for (const sequence of ["4000000", "", "-1", "1e9"]) {
    const forged = headers();
    forged.set(HEADERS.sequence, sequence);
    rings[0]?.({ headers: forged } as Msg);
  }
  rings[0]?.({} as Msg);
  await commands.reread();
  expect(got.slice(1)).toMatchObject([{ stop: { eventId: old.eventId, heardMs: null } }]);
});

/** The connection, with a bell of our own on its command subscription: the broker lets nobody forge one. */
function listenIn(nc: NatsConnection, rings: ((message: Msg) => void)[]): NatsConnection {
  return new Proxy(nc, {
    get: (target, name) => {
      if (name !== "subscribe") {
        const value: unknown = Reflect.get(target, name);
        return typeof value === "function" ? value.bind(target) : value;
      }
      return (subject: string, options: SubscriptionOptions) => {
        rings.push((message) => void options.callback?.(null, message));
        return target.subscribe(subject, options);
      };
    },
  });
}

it("a device finds its own last event, and whether that ended an upgrade", async () => {
  const deviceId = DeviceId.parse("cmd-5");
  const nc = await server.connectDevice("cmd-5");
  expect(await readOwnLast(nc, deviceId)).toBeNull();
  const writer = createWriter({
    ledger: ledgerOf(nc),
    role: "agent",
    instanceId: newInstanceId(),
    version: "0.1.1",
  });
  await writer.append(deviceId, { type: "started", boot_reason: "install", previous_version: null });
  expect(await readOwnLast(nc, deviceId)).toMatchObject({ upgradeId: null, terminal: false });
  const upgradeId = UpgradeId.parse(newEventId());
  await writer.append(deviceId, {
    type: "superseded",
    upgrade_id: upgradeId,
    by_event_id: newEventId(),
    reverted: false,
  });
  expect(await readOwnLast(nc, deviceId)).toMatchObject({ upgradeId, terminal: true });
});
