// What the observer writes, and what it does not (spec §3.2, §5).
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startNatsServer } from "@upgrade-ledger/nats";
import { waitFor } from "@upgrade-ledger/testkit";
import type { Operator } from "../../src/start-operator.ts";
import type { ScriptedAgent, ScriptedDevice } from "./scripted-device.ts";
import { Stage } from "./stage.ts";

const INTERVAL_MS = 500;

let stage: Stage;
let operator: Operator;
let device: ScriptedDevice;
let agent: ScriptedAgent;

beforeAll(async () => {
  stage = await Stage.open();
});
afterEach(() => stage.stopOperators());
afterAll(() => stage.close());

async function begin(): Promise<void> {
  operator = await stage.startOperator();
  device = await stage.device();
  agent = device.agent("0.1.1");
}

/** Sends a heartbeat and waits until the operator has had it. */
async function beat(changes: Parameters<ScriptedAgent["beat"]>[0] = {}, from = agent): Promise<void> {
  const before = operator.counts().heartbeats.received;
  from.beat(changes);
  await waitFor(() => operator.counts().heartbeats.received > before, { describe: "the heartbeat" });
}

/** Versions and states that were observed, in order; a new instance as a marker has been observed after all of them. */
async function observed(): Promise<[string, string | null][]> {
  const marker = device.agent("9.9.9");
  await beat({}, marker);
  const events = await waitFor(
    async () => {
      const found = await stage.eventsOf(device, "agent-observed");
      return found.some(({ instance_id }) => instance_id === marker.instanceId) ? found : undefined;
    },
    { describe: "the marker to be observed" },
  );
  return events
    .filter(({ instance_id }) => instance_id === agent.instanceId)
    .map(({ current_version, agent_state }) => [current_version, agent_state]);
}

describe("heartbeats", () => {
  it("are recorded when they say something new, and only then", async () => {
    await begin();
    for (let count = 0; count < 5; count++) await beat();
    await beat({ agent_state: "draining" });
    for (let count = 0; count < 5; count++) await beat({ agent_state: "draining" });
    await beat({ agent_state: "running" });
    expect(await observed()).toEqual([
      ["0.1.1", "running"],
      ["0.1.1", "draining"],
      ["0.1.1", "running"],
    ]);
  });

  it("that come faster than the ledger answers lose no news", async () => {
    await begin();
    const states = ["running", "draining", "staging", "verifying", "cutover-ready", "running"] as const;
    for (const agent_state of states) agent.beat({ agent_state });
    expect(await observed()).toEqual(states.map((state) => ["0.1.1", state]));
  });

  it("of a device that is new to a restarted observer repeat nothing", async () => {
    await begin();
    await beat({ agent_state: "draining" });
    await stage.stored(device, "agent-observed");
    await stage.stopOperators();
    operator = await stage.startOperator();
    await beat({ agent_state: "draining" });
    expect(await observed()).toEqual([["0.1.1", "draining"]]);
  });

  it("are stored once by two observers", async () => {
    await begin();
    const second = await stage.startOperator();
    for (const agent_state of ["running", "draining", "running", "draining"] as const) {
      const before = second.counts().heartbeats.received;
      await beat({ agent_state });
      await waitFor(() => second.counts().heartbeats.received > before, {
        describe: "the other operator to hear it",
      });
    }
    expect((await observed()).length).toBe(4);
  });

  it("that are none are counted, and change nothing", async () => {
    await begin();
    const subject = `device-heartbeat.${device.deviceId}.${agent.instanceId}`;
    device.nc.publish(subject, "not json");
    device.nc.publish(subject, JSON.stringify({ device_id: "someone-else" }));
    await waitFor(() => operator.counts().heartbeats.rejected === 2, { describe: "both to be rejected" });
    await beat();
    expect(await observed()).toEqual([["0.1.1", "running"]]);
  });
});

describe("silence", () => {
  it("is recorded once after three intervals, and so is the return", async () => {
    await begin();
    await beat({ interval_ms: INTERVAL_MS });
    await stage.stored(device, "agent-observed");
    const lastHeard = stage.clock.now().time;
    const [silent] = await waitFor(
      async () => {
        // In small steps: after a leap the observer would first listen anew.
        stage.clock.pass(INTERVAL_MS / 5);
        const events = await stage.eventsOf(device, "agent-silent");
        return events.length > 0 ? events : undefined;
      },
      { describe: "silence", intervalMs: 50 },
    );
    expect(silent).toMatchObject({
      instance_id: agent.instanceId,
      current_version: "0.1.1",
      since: lastHeard,
    });
    await beat();
    expect(await observed()).toEqual([
      ["0.1.1", "running"],
      ["0.1.1", "running"],
    ]);
    expect((await stage.eventsOf(device, "agent-silent")).length).toBe(1);
  });
});

describe("an upgrade that stays in one phase for too long", () => {
  it("is recorded as stalled, once for that phase", async () => {
    await stage.stopOperators();
    device = await stage.device();
    const upgradeId = await stage.ask(device, "0.1.2");
    const settings = {
      stalledAfterMs: {
        scheduled: Number.POSITIVE_INFINITY,
        requested: 60_000,
        draining: 600_000,
        staging: 600_000,
        verifying: 600_000,
        "cutover-ready": 600_000,
        stopping: 600_000,
      },
    };
    operator = await stage.startOperator({ settings });
    expect(await stage.eventsOf(device, "stalled")).toEqual([]);
    stage.clock.pass(600_000);
    const [stalled] = await stage.stored(device, "stalled");
    expect(stalled).toMatchObject({
      upgrade_id: upgradeId,
      phase: "requested",
      writer: { role: "observer" },
    });
    await stage.stopOperators();
    operator = await stage.startOperator({ settings });
    agent = device.agent("0.1.1");
    await beat();
    await observed();
    expect((await stage.eventsOf(device, "stalled")).length).toBe(1);
  });
});

describe("when the broker restarts", () => {
  it("the observer goes on, and calls nobody silent for the time in which nobody could be heard", async () => {
    const own = await Stage.open();
    const goingOn = await own.startOperator();
    const there = await own.device();
    const speaker = there.agent("0.1.1");
    speaker.beat();
    await own.stored(there, "agent-observed");
    const { nats, dataDir } = own.server;
    await nats.kill();
    await waitFor(() => !goingOn.health().connected, { describe: "the operator to notice" });
    // Ten minutes without a broker.
    own.clock.pass(600_000);
    const again = await startNatsServer({ dataDir, port: nats.port });
    try {
      await waitFor(() => goingOn.health().connected, { describe: "the operator to be back" });
      await waitFor(
        async () => {
          speaker.beat({ agent_state: "draining" });
          return (await own.eventsOf(there, "agent-observed")).length === 2;
        },
        { describe: "news after the restart", intervalMs: 200 },
      );
      expect(await own.eventsOf(there, "agent-silent")).toEqual([]);
      expect(goingOn.health().failure).toBeNull();
    } finally {
      await own.close();
      await again.stop();
    }
  });
});
