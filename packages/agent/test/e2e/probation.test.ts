// Versions that stop working once the old agent has gone end with the device on its last good one, by themselves (spec §4, Probation; G8).
import { type LedgerServer, startLedgerServer, waitFor } from "@upgrade-ledger/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AgentDevice, startDevice } from "./agent-device.ts";
import {
  build,
  type Built,
  CRASHES_ON_PROBATION,
  CRASHES_WHEN_ALONE,
  NEVER_HEARTBEATS,
  OFFLINE_WHEN_ALONE,
} from "./built.ts";

let server: LedgerServer;
let built: Built;

beforeAll(async () => {
  [server, built] = await Promise.all([
    startLedgerServer(),
    build({
      "0.1.1": undefined,
      "0.1.4": NEVER_HEARTBEATS,
      "0.1.6": CRASHES_ON_PROBATION,
      "0.1.7": CRASHES_WHEN_ALONE,
      "0.1.8": OFFLINE_WHEN_ALONE,
    }),
  ]);
});
afterAll(async () => {
  await server.stop();
  await built.remove();
});

/** Asks for the version, and tells the old agent to stop once both run. */
async function takeOver(device: AgentDevice, version: string): Promise<string> {
  const { operator } = device;
  const upgradeId = await operator.ask(version, built.artifact(version));
  const ready = await operator.waitForEvent("cutover-ready", upgradeId);
  await operator.stop(upgradeId, ready, await operator.waitForHeartbeat(version));
  await operator.waitForEvent("stopping", upgradeId);
  return upgradeId;
}

async function expectBack(device: AgentDevice, workloads: readonly number[]): Promise<void> {
  const { operator, supervisor, layout } = device;
  expect(await operator.waitForHeartbeat("0.1.1")).toMatchObject({ agent_state: "running" });
  expect(await layout.currentTarget()).toBe(layout.versionedPath("0.1.1"));
  expect(await supervisor.statusOf("fleet-agent")).toMatchObject({ state: "running" });
  expect(await device.workloadPids()).toEqual(workloads);
}

describe("a version that", () => {
  it("crashes after its done goes back: reverted, and it is not tried again", async () => {
    const device = await startDevice({ server, built, deviceId: "pi-0031", version: "0.1.1" });
    const workloads = await device.workloadPids();
    const upgradeId = await takeOver(device, "0.1.6");
    expect(await device.operator.waitForEvent("reverted", upgradeId)).toMatchObject({
      from_version: "0.1.6",
      to_version: "0.1.1",
      reason_code: "crash_loop",
      last_error: expect.stringContaining("0.1.6 failed 3 times on trial, the last time with exit 1"),
    });
    await expectBack(device, workloads);
    const types = device.operator.types(upgradeId);
    expect(types.filter((type) => ["done", "failed", "reverted", "draining"].includes(type))).toEqual([
      "draining",
      "done",
      "reverted",
    ]);
    const next = await device.operator.ask("0.1.4", { ...built.artifact("0.1.4"), sha256: "0".repeat(64) });
    await device.operator.waitForEvent("failed", next);
    expect(device.operator.types(upgradeId)).toEqual(types);
    expect(await device.workloadPids()).toEqual(workloads);
  });

  it("crashes before its done goes back: failed", async () => {
    const device = await startDevice({ server, built, deviceId: "pi-0032", version: "0.1.1" });
    const workloads = await device.workloadPids();
    const upgradeId = await takeOver(device, "0.1.7");
    expect(await device.operator.waitForEvent("failed", upgradeId)).toMatchObject({
      failed_phase: "stopping",
      reason_code: "crash_loop",
      reverted: true,
    });
    await expectBack(device, workloads);
    expect(device.operator.types(upgradeId)).not.toContain("done");
  });

  it("can no longer connect goes back when its done is not acknowledged in time", async () => {
    const device = await startDevice({
      server,
      built,
      deviceId: "pi-0033",
      version: "0.1.1",
      confirmTimeoutMs: 4_000,
    });
    const workloads = await device.workloadPids();
    const upgradeId = await takeOver(device, "0.1.8");
    expect(await device.operator.waitForEvent("reverted", upgradeId)).toMatchObject({
      reason_code: "not_confirmed",
      last_error: expect.stringContaining("0.1.8 was on its own for 4000 ms"),
    });
    await expectBack(device, workloads);
    const types = device.operator.types(upgradeId).filter((type) => type === "done" || type === "reverted");
    expect(types).toEqual(["done", "reverted"]);
  });

  it("hangs while the old one is killed goes back: failed", async () => {
    const device = await startDevice({
      server,
      built,
      deviceId: "pi-0034",
      version: "0.1.1",
      confirmTimeoutMs: 2_000,
    });
    const workloads = await device.workloadPids();
    const upgradeId = await device.operator.ask("0.1.4", built.artifact("0.1.4"));
    await device.operator.waitForEvent("cutover-ready", upgradeId);
    const { pid } = await device.supervisor.statusOf("fleet-agent");
    process.kill(pid ?? 0, "SIGKILL");
    expect(await device.operator.waitForEvent("failed", upgradeId)).toMatchObject({
      failed_phase: "cutover-ready",
      reason_code: "not_confirmed",
      reverted: true,
    });
    await expectBack(device, workloads);
    await waitFor(async () => (await device.supervisor.statusOf("fleet-agent-v0.1.4")).state === "absent", {
      describe: "the hanging one to be gone",
    });
  });
});
