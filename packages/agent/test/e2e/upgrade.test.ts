// A real upgrade on a real device: guard, two agents, workloads, NATS; only the operator is scripted (spec §4).
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type LedgerServer, startLedgerServer, waitFor } from "@upgrade-ledger/testkit";
import { identify } from "../../src/supervisor/process-identity.ts";
import { type AgentDevice, startDevice } from "./agent-device.ts";
import { build, type Built } from "./built.ts";
import { upload } from "./upload.ts";

const OLD = "fleet-agent";
const NEW = "fleet-agent-v0.1.2";
let server: LedgerServer;
let built: Built;

beforeAll(async () => {
  [server, built] = await Promise.all([
    startLedgerServer(),
    build({ "0.1.1": undefined, "0.1.2": undefined }),
  ]);
});
afterAll(async () => {
  await server.stop();
  await built.remove();
});

/** Asks for 0.1.2, and plays the operator until the old agent has been told to stop. */
async function upgradeTo(device: AgentDevice, version: string, artifact = built.artifact(version)) {
  const { operator } = device;
  const upgradeId = await operator.ask(version, version === "0.1.1" ? null : artifact);
  const ready = await operator.waitForEvent("cutover-ready", upgradeId);
  const heartbeat = await operator.waitForHeartbeat(version);
  return { upgradeId, ready, heartbeat };
}

describe("an upgrade", () => {
  it("runs both versions side by side, hands over on the stop, and leaves the workloads alone", async () => {
    const device = await startDevice({ server, built, deviceId: "pi-0001", version: "0.1.1" });
    const { operator, supervisor, layout } = device;
    const workloads = await device.workloadPids();
    const old = await supervisor.statusOf(OLD);

    const { upgradeId, ready, heartbeat } = await upgradeTo(device, "0.1.2");
    const fresh = await supervisor.statusOf(NEW);
    expect([old.state, fresh.state]).toEqual(["running", "running"]);
    expect(await supervisor.statusOf(OLD)).toMatchObject({ state: "running", pid: old.pid });
    expect(await device.commandOf(fresh.pid ?? 0)).toBe(layout.versionedPath("0.1.2"));
    expect(ready).toMatchObject({
      symlink: {
        path: layout.linkPath,
        from: layout.versionedPath("0.1.1"),
        to: layout.versionedPath("0.1.2"),
      },
      unit: NEW,
    });
    const oldHeartbeat = await waitFor(
      () => operator.heartbeats.findLast(({ instance_id }) => instance_id === ready.writer.instance_id),
      { describe: "a heartbeat of the old agent" },
    );
    expect(oldHeartbeat).toMatchObject({ current_version: "0.1.1", agent_state: "cutover-ready" });
    expect(heartbeat.upgrade_id).toBe(upgradeId);

    const stopId = await operator.stop(upgradeId, ready, heartbeat);
    const done = await operator.waitForEvent("done", upgradeId);
    expect(done).toMatchObject({
      from_version: "0.1.1",
      to_version: "0.1.2",
      stop_event_id: stopId,
      writer: { instance_id: heartbeat.instance_id },
      old_instance: { instance_id: ready.writer.instance_id },
    });
    expect(identify(old.pid ?? 0)).toBeUndefined();
    expect(await supervisor.statusOf(OLD)).toEqual({ state: "exited", pid: null, exit: "exit 0" });
    expect(await supervisor.statusOf(NEW)).toMatchObject({ state: "running", pid: fresh.pid });
    expect(await device.workloadPids()).toEqual(workloads);
    expect(
      operator.types(upgradeId).filter((type) => type !== "started" && type !== "agent-observed"),
    ).toEqual([
      "desired-version",
      "draining",
      "staging",
      "verifying",
      "cutover-ready",
      "upgrade-stop",
      "stopping",
      "done",
    ]);
  });

  it("from the object store, and back again without an artifact", async () => {
    const device = await startDevice({ server, built, deviceId: "pi-0002", version: "0.1.1" });
    const { operator, layout, supervisor } = device;
    const workloads = await device.workloadPids();
    const url = await server.connect("api").then((nc) => upload(nc, built, "0.1.2"));
    const there = await upgradeTo(device, "0.1.2", built.artifact("0.1.2", url));
    await operator.stop(there.upgradeId, there.ready, there.heartbeat);
    await operator.waitForEvent("done", there.upgradeId);

    const back = await upgradeTo(device, "0.1.1");
    await operator.stop(back.upgradeId, back.ready, back.heartbeat);
    expect(await operator.waitForEvent("done", back.upgradeId)).toMatchObject({
      from_version: "0.1.2",
      to_version: "0.1.1",
    });
    expect(await layout.currentTarget()).toBe(layout.versionedPath("0.1.1"));
    expect(await supervisor.statusOf("fleet-agent-v0.1.1")).toMatchObject({ state: "running" });
    expect(await supervisor.statusOf(NEW)).toMatchObject({ exit: "exit 0" });
    expect(await device.workloadPids()).toEqual(workloads);
  });

  it("goes on when the guard is killed in the middle of it", async () => {
    const device = await startDevice({ server, built, deviceId: "pi-0003", version: "0.1.1" });
    const { operator, supervisor } = device;
    const workloads = await device.workloadPids();
    const { upgradeId, ready, heartbeat } = await upgradeTo(device, "0.1.2");
    const old = await supervisor.statusOf(OLD);
    const fresh = await supervisor.statusOf(NEW);
    const gone = once(device.guard(), "exit");
    device.guard().kill("SIGKILL");
    await gone;
    await device.startGuard();
    expect(await supervisor.statusOf(OLD)).toMatchObject({ state: "running", pid: old.pid });
    expect(await supervisor.statusOf(NEW)).toMatchObject({ state: "running", pid: fresh.pid });
    await operator.stop(upgradeId, ready, heartbeat);
    await operator.waitForEvent("done", upgradeId);
    expect(await supervisor.statusOf(NEW)).toMatchObject({ state: "running", pid: fresh.pid });
    expect(await device.workloadPids()).toEqual(workloads);
  });

  it("is finished by the new agent when the old one is killed in cutover", async () => {
    const device = await startDevice({ server, built, deviceId: "pi-0004", version: "0.1.1" });
    const { operator, supervisor } = device;
    const workloads = await device.workloadPids();
    const { upgradeId, heartbeat } = await upgradeTo(device, "0.1.2");
    const old = await supervisor.statusOf(OLD);
    const fresh = await supervisor.statusOf(NEW);
    process.kill(old.pid ?? 0, "SIGKILL");
    expect(await operator.waitForEvent("done", upgradeId)).toMatchObject({
      stop_event_id: null,
      writer: { instance_id: heartbeat.instance_id },
    });
    await waitFor(async () => (await supervisor.statusOf(OLD)).state === "exited", {
      describe: "the second process of the new version to leave",
      timeoutMs: 60_000,
    });
    expect(await supervisor.statusOf(NEW)).toMatchObject({ state: "running", pid: fresh.pid });
    expect(await device.workloadPids()).toEqual(workloads);
  });
});

describe("a device whose guard and agent are both killed", () => {
  it("comes back with the same workloads, and its next upgrade works", async () => {
    const device = await startDevice({ server, built, deviceId: "pi-0005", version: "0.1.1" });
    const { operator, supervisor } = device;
    const workloads = await device.workloadPids();
    const { pid } = await supervisor.statusOf(OLD);
    const gone = once(device.guard(), "exit");
    device.guard().kill("SIGKILL");
    await gone;
    process.kill(pid ?? 0, "SIGKILL");
    await device.startGuard();
    await operator.waitForHeartbeat("0.1.1");
    expect(await device.workloadPids()).toEqual(workloads);
    const { upgradeId, ready, heartbeat } = await upgradeTo(device, "0.1.2");
    await operator.stop(upgradeId, ready, heartbeat);
    await operator.waitForEvent("done", upgradeId);
    expect(await device.workloadPids()).toEqual(workloads);
  });
});
