// The stop signal with a real broker: G1, races, restarts and deaths (spec §5).
import type { NatsConnection } from "@nats-io/transport-node";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { waitFor } from "@upgrade-ledger/testkit";
import { cutoverReady } from "./scripted-device.ts";
import { SOAK_MS, Stage, STEP_MS } from "./stage.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open();
});
afterEach(() => stage.stopOperators());
afterAll(() => stage.close());

/** Whether a request is the append of a stop: reads of one go to subjects that only end like it. */
const isStop = (subject: string) => /^operator-cmd\.[^.]+\.upgrade-stop$/.test(subject);

/** A connection of an operator on which `meanwhile` happens just before each publish of a stop; the publish itself follows if it says so. */
async function interceptingStops(meanwhile: () => Promise<"publish" | "die">): Promise<NatsConnection> {
  const nc = await stage.server.connect("operator");
  const request = nc.request.bind(nc);
  nc.request = async (subject, payload, options) => {
    if (isStop(subject) && (await meanwhile()) === "die") {
      await nc.close();
    }
    return request(subject, payload, options);
  };
  return nc;
}

describe("an upgrade of our own agents", () => {
  it("gets one stop, stored before it is delivered, with its evidence in the ledger before it", async () => {
    const operator = await stage.startOperator();
    const cutover = await stage.cutover(operator);
    const { device, old, new: fresh, upgradeId } = cutover;
    await stage.beatFor(SOAK_MS, cutover, operator);
    await waitFor(() => device.commands.length === 2, { describe: "the stop to reach the device" });
    const events = await stage.events(device);
    const stop = events.find((event) => event.type === "upgrade-stop");
    expect(device.commands.map(({ eventId }) => eventId)).toEqual([upgradeId, stop?.event_id]);
    expect(stop).toMatchObject({
      writer: { role: "coordinator", sequence: 1 },
      stop_instance_id: old.instanceId,
      evidence: { instance_id: fresh.instanceId, observed_for_ms: SOAK_MS },
    });
    const order = events.map(({ type }) => type);
    expect(order.lastIndexOf("agent-observed")).toBeGreaterThan(order.indexOf("cutover-ready"));
    expect(order.lastIndexOf("agent-observed")).toBeLessThan(order.indexOf("upgrade-stop"));
    const cited = events[order.lastIndexOf("agent-observed")];
    expect(cited).toMatchObject({
      writer: { role: "observer" },
      event_id: stop?.evidence.observed_event_id,
      instance_id: fresh.instanceId,
    });
    expect(operator.counts().stopsIssued).toBe(1);
    await stage.withheld(operator, device, "stop-pending");
  });

  it("gets none while heartbeats of the new agent name another upgrade, or none", async () => {
    const operator = await stage.startOperator();
    const cutover = await stage.cutover(operator);
    const { device, old, new: fresh, upgradeId } = cutover;
    for (let passed = 0; passed <= 2 * SOAK_MS; passed += STEP_MS) {
      old.beat({ agent_state: "cutover-ready", upgrade_id: upgradeId });
      fresh.beat();
      await waitFor(() => operator.counts().heartbeats.received >= device.heartbeatsSent, {
        describe: "the heartbeats",
      });
      stage.clock.pass(STEP_MS);
    }
    await stage.withheld(operator, device, "new-other-upgrade");
    expect(device.commands.map(({ name }) => name)).toEqual(["desired-version"]);
  });

  it("is observed anew after another cutover-ready", async () => {
    const operator = await stage.startOperator();
    const cutover = await stage.cutover(operator);
    const { device, old, upgradeId } = cutover;
    await stage.beatFor(SOAK_MS - STEP_MS, cutover, operator);
    await old.write(cutoverReady(upgradeId));
    await stage.withheld(operator, device, "old-silent");
    stage.clock.pass(STEP_MS);
    await stage.beatFor(SOAK_MS - STEP_MS, cutover, operator);
    await stage.withheld(operator, device, "soaking");
    expect(await stage.eventsOf(device, "upgrade-stop")).toEqual([]);
    stage.clock.pass(STEP_MS);
    await stage.beat(cutover, operator);
    const [stop] = await stage.stored(device, "upgrade-stop");
    expect(stop?.evidence.observed_for_ms).toBe(SOAK_MS);
  });

  it("gets a second stop when the first was refused and its time is over", async () => {
    const operator = await stage.startOperator({
      settings: { deadlineMs: 10_000, stopRetryAfterMs: 10_000 },
    });
    const cutover = await stage.cutover(operator);
    const { device, old, upgradeId } = cutover;
    await stage.beatFor(SOAK_MS, cutover, operator);
    const [first] = await stage.stored(device, "upgrade-stop");
    if (first === undefined) throw new Error("no stop");
    await old.write({
      type: "stop-refused",
      upgrade_id: upgradeId,
      stop_event_id: first.event_id,
      reason_code: "new_agent_not_alive",
      last_error: null,
    });
    await stage.withheld(operator, device, "stop-refused");
    await stage.beatFor(20_000, cutover, operator);
    const stops = await stage.stored(device, "upgrade-stop", 2);
    expect(stops.map(({ attempt }) => attempt)).toEqual([1, 2]);
    expect(stops[1]?.event_id).not.toBe(first.event_id);
    expect(stops[1]?.evidence.observed_event_id).not.toBe(first.evidence.observed_event_id);
  });
});

describe("a newer command", () => {
  it("that comes while the stop is on its way makes the broker refuse it: the device never sees it", async () => {
    let race: (() => Promise<"publish" | "die">) | undefined;
    const nc = await interceptingStops(async () => race?.() ?? "publish");
    const operator = await stage.startOperator({ nc });
    const cutover = await stage.cutover(operator);
    const { device, old, upgradeId } = cutover;
    let raced = 0;
    race = async () => {
      raced += 1;
      if (raced === 1) await stage.ask(device, "0.1.3");
      return "publish";
    };
    await stage.beatFor(SOAK_MS, cutover, operator);
    await stage.withheld(operator, device, "newer-command");
    await stage.beatFor(2 * SOAK_MS, cutover, operator);
    // A later command arrives after whatever was sent before it.
    const last = await stage.ask(device, "0.1.4");
    await waitFor(() => device.commands.at(-1)?.eventId === last, { describe: "the marker to arrive" });
    expect(device.commands.map(({ name }) => name)).toEqual(Array(3).fill("desired-version"));
    expect(await stage.eventsOf(device, "upgrade-stop")).toEqual([]);
    expect(raced).toBe(1);
    const [newer] = (await stage.eventsOf(device, "desired-version")).slice(1);
    if (newer === undefined) throw new Error("no newer command");
    await old.write({
      type: "superseded",
      upgrade_id: upgradeId,
      by_event_id: newer.event_id,
      reverted: true,
    });
    await stage.withheld(operator, device, "not-cutover-ready");
  });
});

describe("an operator that is started again", () => {
  it("in the soak observes anew: what its forerunner saw does not count", async () => {
    const first = await stage.startOperator();
    const cutover = await stage.cutover(first);
    const { device } = cutover;
    await stage.beatFor(SOAK_MS - STEP_MS, cutover, first);
    await stage.stopOperators();
    const second = await stage.startOperator();
    await stage.withheld(second, device, "old-silent");
    stage.clock.pass(STEP_MS);
    await stage.beat(cutover, second);
    await stage.withheld(second, device, "soaking");
    expect(await stage.eventsOf(device, "upgrade-stop")).toEqual([]);
    stage.clock.pass(STEP_MS);
    await stage.beatFor(SOAK_MS - STEP_MS, cutover, second);
    const [stop] = await stage.stored(device, "upgrade-stop");
    expect(stop?.evidence.observed_for_ms).toBe(SOAK_MS);
  });

  it("after it died between agent-observed and stop issues exactly one", async () => {
    let died = false;
    const nc = await interceptingStops(async () => {
      died = true;
      return "die";
    });
    const first = await stage.startOperator({ nc });
    const cutover = await stage.cutover(first);
    const { device } = cutover;
    await stage.beatFor(SOAK_MS - STEP_MS, cutover, first);
    stage.clock.pass(STEP_MS);
    await stage.beat(cutover);
    await waitFor(() => died, { describe: "the operator to die" });
    const observedByFirst = (await stage.eventsOf(device, "agent-observed")).length;
    expect(await stage.eventsOf(device, "upgrade-stop")).toEqual([]);
    const second = await stage.startOperator();
    await stage.beatFor(2 * SOAK_MS, cutover, second);
    const stops = await stage.stored(device, "upgrade-stop");
    expect(stops.length).toBe(1);
    expect((await stage.eventsOf(device, "agent-observed")).length).toBe(observedByFirst + 1);
    expect(device.commands.filter(({ name }) => name === "upgrade-stop").length).toBe(1);
  });

  it("after it died with the stop published and unacknowledged issues none", async () => {
    let published = false;
    const nc = await stage.server.connect("operator");
    const request = nc.request.bind(nc);
    nc.request = async (subject, payload, options) => {
      const answer = await request(subject, payload, options);
      if (isStop(subject)) {
        published = true;
        await nc.close();
        throw new Error("died");
      }
      return answer;
    };
    const first = await stage.startOperator({ nc });
    const cutover = await stage.cutover(first);
    const { device } = cutover;
    await stage.beatFor(SOAK_MS - STEP_MS, cutover, first);
    stage.clock.pass(STEP_MS);
    await stage.beat(cutover);
    await waitFor(() => published, { describe: "the stop to be published" });
    const second = await stage.startOperator();
    await stage.withheld(second, device, "stop-pending");
    await stage.beatFor(2 * SOAK_MS, cutover, second);
    expect((await stage.eventsOf(device, "upgrade-stop")).length).toBe(1);
  });
});

describe("two operators at once", () => {
  it("store one stop, and each piece of news once", async () => {
    const operators = [await stage.startOperator(), await stage.startOperator()] as const;
    const cutover = await stage.cutover(operators[0]);
    const { device } = cutover;
    await stage.withheld(operators[1], device, "old-silent");
    await stage.beatFor(2 * SOAK_MS, cutover, ...operators);
    await Promise.all(operators.map((operator) => stage.withheld(operator, device, "stop-pending")));
    expect((await stage.eventsOf(device, "upgrade-stop")).length).toBe(1);
    // One for each agent when it was first heard; then the deciding heartbeat, which a coordinator that decides later may have as its own.
    const observed = await stage.eventsOf(device, "agent-observed");
    const news = observed.slice(0, 2).map(({ instance_id }) => instance_id);
    expect(new Set(news)).toEqual(new Set([cutover.old.instanceId, cutover.new.instanceId]));
    expect([3, 4]).toContain(observed.length);
    expect(device.commands.map(({ name }) => name)).toEqual(["desired-version", "upgrade-stop"]);
  });
});
