// The ADR's contract, seen from outside: a device that knows only the ADR, a real broker, a real operator.
import type { NatsConnection } from "@nats-io/transport-node";
import { type Api, startApi } from "@upgrade-ledger/api";
import { Device } from "@upgrade-ledger/api/schema";
import { newEventId } from "@upgrade-ledger/ledger";
import { type Operator, startOperator, type WithheldReason } from "@upgrade-ledger/operator";
import { type LedgerServer, startLedgerServer, waitFor } from "@upgrade-ledger/testkit";
import { pino } from "pino";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { AdrDevice } from "./adr-device.ts";
import { ManualClock } from "../packages/operator/test/manual-clock.ts";
import type { z } from "zod";

const SOAK_MS = 15_000;
const STEP_MS = 5_000;
const OLD = { version: "0.1.1", agent_state: "running" };
const OLD_IN_CUTOVER = { version: "0.1.1", agent_state: "cutover-ready" };
const NEW = { version: "0.1.2", agent_state: "running" };

let server: LedgerServer;
let operatorConnection: NatsConnection;
let apiConnection: NatsConnection;
let api: Api;
let operator: Operator;
let clock: ManualClock;
let device: AdrDevice;
let devices = 0;

beforeAll(async () => {
  server = await startLedgerServer();
  operatorConnection = await server.connect("operator");
  apiConnection = await server.connect("api");
  api = await startApi({
    nc: apiConnection,
    http: { host: "127.0.0.1", port: 0 },
    log: pino({ level: "silent" }),
    actor: "local:test",
    version: "0.1.0",
    checkAnswers: true,
  });
});
afterAll(async () => {
  await api.stop();
  await server.stop();
});

beforeEach(async () => {
  clock = new ManualClock();
  operator = await startOperator({
    nc: operatorConnection,
    log: pino({ level: "silent" }),
    settings: { soakMs: SOAK_MS },
    clock,
  });
  devices += 1;
  const deviceId = `pi-${devices}`;
  device = new AdrDevice(await server.connectDevice(deviceId), deviceId);
});
afterEach(() => operator.stop());

type Shown = z.infer<typeof Device>;

/** The device as the query API shows it; `undefined` while it is unknown. */
async function shown(): Promise<Shown | undefined> {
  const answer = await fetch(`${api.url}/v1/devices/${device.deviceId}`);
  return answer.ok ? Device.parse(await answer.json()) : undefined;
}

async function until(what: string, holds: (device: Shown) => boolean): Promise<Shown> {
  return waitFor(
    async () => {
      const found = await shown();
      return found !== undefined && holds(found) ? found : undefined;
    },
    { describe: what },
  );
}

const ARTIFACT = {
  platform: "any",
  url: "https://artifacts.test/fleet-agent",
  sha256: "0".repeat(64),
  size_bytes: 1,
  signature: "untrusted comment: none",
};

async function askFor(version: string): Promise<string> {
  const eventId = newEventId();
  const answer = await fetch(`${api.url}/v1/devices/${device.deviceId}/desired-version`, {
    method: "PUT",
    headers: { "content-type": "application/json", "idempotency-key": eventId },
    body: JSON.stringify({
      desired_version: version,
      reason: "black box",
      artifact: { ...ARTIFACT, version },
    }),
  });
  expect({ status: answer.status, body: await answer.text() }).toMatchObject({ status: 202 });
  await waitFor(() => device.commands.some(({ payload }) => payload["event_id"] === eventId), {
    describe: "the command to reach the device",
  });
  return eventId;
}

/** Sends heartbeats of the given agents, and waits until the operator has had them. */
async function beat(...beats: [string, Parameters<AdrDevice["beat"]>[1]][]): Promise<void> {
  for (const [identity, heartbeat] of beats) await device.beat(identity, heartbeat);
  await waitFor(() => operator.counts().heartbeats.received >= device.heartbeatsSent, {
    describe: "the operator to have received the heartbeats",
  });
}

/** Heartbeats for `ms` of the operator's clock. */
async function beatFor(ms: number, ...beats: Parameters<typeof beat>): Promise<void> {
  await beat(...beats);
  for (let passed = 0; passed < ms; passed += STEP_MS) {
    clock.pass(STEP_MS);
    await beat(...beats);
  }
}

async function withheld(reason: WithheldReason): Promise<void> {
  await waitFor(
    () => operator.withheldReasons().find((stop) => stop.device_id === device.deviceId)?.reason === reason,
    {
      describe: `the stop to be withheld because of ${reason}`,
    },
  );
}

/** An upgrade to 0.1.2 up to the point where the old agent waits for its stop. */
async function upToCutoverReady(before: () => Promise<void> = async () => undefined): Promise<string> {
  await beat(["a1", OLD]);
  await until("0.1.1 to be shown", ({ current_version }) => current_version === "0.1.1");
  const upgradeId = await askFor("0.1.2");
  await device.report("staging");
  await device.report("verifying");
  await before();
  await device.report("cutover-ready");
  await until("cutover-ready to be shown", ({ upgrade }) => upgrade?.phase === "cutover-ready");
  await withheld("old-silent");
  return upgradeId;
}

async function stopReceived(): Promise<Readonly<Record<string, unknown>>> {
  const stop = await waitFor(() => device.stops.at(0), { describe: "the stop" });
  return stop.payload;
}

describe("an upgrade of a device that knows only the ADR", () => {
  it("is shown at each step, and its old agent is stopped once the new one was seen running for the soak time", async () => {
    await beat(["a1", OLD]);
    await until(
      "0.1.1 to be shown",
      ({ current_version, phase }) => current_version === "0.1.1" && phase === "running",
    );
    const upgradeId = await askFor("0.1.2");
    await until(
      "requested to be shown",
      ({ upgrade }) => upgrade?.upgrade_id === upgradeId && upgrade.phase === "requested",
    );
    for (const phase of ["draining", "staging", "verifying", "cutover-ready"]) {
      await device.report(phase);
      await until(`${phase} to be shown`, (document) => document.phase === phase);
    }
    await withheld("old-silent");
    await beat(["a1", OLD_IN_CUTOVER], ["a2", NEW]);
    await withheld("soaking");
    const both = await until("both agents to be shown", ({ instances }) => instances.length === 2);
    expect(
      both.instances.map(({ instance_id, role, current_version }) => [instance_id, role, current_version]),
    ).toEqual([
      ["a1", "old", "0.1.1"],
      ["a2", "new", "0.1.2"],
    ]);
    await beatFor(SOAK_MS - STEP_MS, ["a1", OLD_IN_CUTOVER], ["a2", NEW]);
    expect(device.stops).toEqual([]);
    clock.pass(STEP_MS);
    await beat(["a1", OLD_IN_CUTOVER], ["a2", NEW]);

    expect(await stopReceived()).toMatchObject({
      reason: "0.1.2 was seen running for 15 s since cutover-ready",
      deadline_ms: 30_000,
      upgrade_id: upgradeId,
      stop_instance_id: "a1",
      evidence: {
        instance_id: "a2",
        current_version: "0.1.2",
        agent_state: "running",
        observed_for_ms: SOAK_MS,
      },
    });
    await device.report("stopping");
    await device.report("done");
    const done = await until("done to be shown", ({ last_upgrade }) => last_upgrade?.outcome === "done");
    expect(done).toMatchObject({
      phase: "running",
      current_version: "0.1.2",
      desired_version: "0.1.2",
      upgrade: null,
    });
    expect(done.last_upgrade).toMatchObject({
      upgrade_id: upgradeId,
      from_version: "0.1.1",
      to_version: "0.1.2",
    });
    expect(device.commands.map(({ name }) => name)).toEqual(["desired-version", "upgrade-stop"]);
  });

  it("that fails is shown as failed, with its error, on the old version", async () => {
    await upToCutoverReady();
    await device.report("failed", "the new agent never came up");
    const failed = await until(
      "failed to be shown",
      ({ last_upgrade }) => last_upgrade?.outcome === "failed",
    );
    expect(failed).toMatchObject({ current_version: "0.1.1", upgrade: null });
    expect(failed.last_upgrade).toMatchObject({
      last_error: "the new agent never came up",
      reason_code: "unspecified",
    });
    expect(device.stops).toEqual([]);
  });
});

type Beats = Parameters<typeof beat>;
const alive: Beats[number] = ["a1", OLD_IN_CUTOVER];
const LACKING: { what: string; reason: WithheldReason; beats: Beats }[] = [
  { what: "missing", reason: "new-missing", beats: [alive] },
  {
    what: "of the wrong version",
    reason: "new-wrong-version",
    beats: [alive, ["a2", { ...NEW, version: "0.1.3" }]],
  },
  { what: "of the old version", reason: "new-wrong-version", beats: [alive, ["a2", OLD]] },
  {
    what: "without a version",
    reason: "new-wrong-version",
    beats: [alive, ["a2", { agent_state: "running" }]],
  },
  {
    what: "not running",
    reason: "new-not-running",
    beats: [alive, ["a2", { ...NEW, agent_state: "staging" }]],
  },
  {
    what: "in a state that is not told",
    reason: "new-not-running",
    beats: [alive, ["a2", { version: "0.1.2" }]],
  },
  { what: "there twice", reason: "several-new", beats: [alive, ["a2", NEW], ["a3", NEW]] },
];

/** Only now all is as it should be. If a stop had been issued before, its evidence would be older. */
async function stopFromNowOn(identity: string): Promise<void> {
  clock.pass(60_000);
  const from = clock.now().time;
  await beatFor(SOAK_MS, alive, [identity, NEW]);
  const { evidence } = await stopReceived();
  expect(evidence).toMatchObject({
    instance_id: identity,
    observed_for_ms: SOAK_MS,
    heartbeat_at: clock.now().time,
  });
  expect(clock.now().time > from).toBe(true);
}

describe("no stop while the second agent's heartbeat is", () => {
  it.each(LACKING)("$what ($reason)", async ({ reason, beats }) => {
    await upToCutoverReady();
    await beatFor(2 * SOAK_MS, ...beats);
    await withheld(reason);
    expect(device.stops).toEqual([]);
    await stopFromNowOn("fresh");
    expect(device.stops.length).toBe(1);
  });

  it("older than cutover-ready", async () => {
    await upToCutoverReady(() => beatFor(2 * SOAK_MS, ["a1", OLD], ["a2", NEW]));
    await beat(alive);
    await withheld("new-missing");
    expect(device.stops).toEqual([]);
    await stopFromNowOn("a2");
    expect(device.stops.length).toBe(1);
  });

  it("a stored one, replayed by the broker", async () => {
    await upToCutoverReady(() => beat(["a1", OLD], ["a2", NEW]));
    const rejectedBefore = operator.counts().heartbeats.rejected;
    const subject = `device-heartbeat.${device.deviceId}.a2`;
    for (let replay = 1; replay <= 5; replay++) {
      // Whoever may read the heartbeats' stream can have the broker publish what it stored, by naming the subject as the reply.
      apiConnection.publish(`$JS.API.DIRECT.GET.DEVICE_HEARTBEATS.${subject}`, "", { reply: subject });
      await waitFor(() => operator.counts().heartbeats.rejected >= rejectedBefore + replay, {
        describe: "the replayed heartbeat to be rejected",
      });
      clock.pass(STEP_MS);
      await beat(alive);
    }
    await withheld("new-missing");
    expect(device.stops).toEqual([]);
    await stopFromNowOn("a2");
    expect(device.stops.length).toBe(1);
  });
});
