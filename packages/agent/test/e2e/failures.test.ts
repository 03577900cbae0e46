// Versions that do not work end with the device on its last good one, by themselves (spec §4; G8, G7).
import { access } from "node:fs/promises";
import { type LedgerServer, startLedgerServer } from "@upgrade-ledger/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AgentDevice, startDevice } from "./agent-device.ts";
import { build, type Built, CRASHES_ON_RUN, NEVER_HEARTBEATS, SELF_TEST_FAILS } from "./built.ts";

let server: LedgerServer;
let built: Built;

beforeAll(async () => {
  [server, built] = await Promise.all([
    startLedgerServer(),
    build({
      "0.1.1": undefined,
      "0.1.3": SELF_TEST_FAILS,
      "0.1.4": NEVER_HEARTBEATS,
      "0.1.5": CRASHES_ON_RUN,
    }),
  ]);
});
afterAll(async () => {
  await server.stop();
  await built.remove();
});

interface Untouched {
  readonly pid: number | null;
  readonly workloads: readonly number[];
}

async function before(device: AgentDevice): Promise<Untouched> {
  return {
    pid: (await device.supervisor.statusOf("fleet-agent")).pid,
    workloads: await device.workloadPids(),
  };
}

async function expectUntouched(device: AgentDevice, was: Untouched): Promise<void> {
  expect(await before(device)).toEqual(was);
  expect(await device.layout.currentTarget()).toBe(device.layout.versionedPath("0.1.1"));
  expect(await device.operator.waitForHeartbeat("0.1.1")).toMatchObject({ agent_state: "running" });
}

describe("a version", () => {
  it("whose self-test fails is not activated; its file stays for inspection", async () => {
    const device = await startDevice({ server, built, deviceId: "pi-0011", version: "0.1.1" });
    const was = await before(device);
    const upgradeId = await device.operator.ask("0.1.3", built.artifact("0.1.3"));
    expect(await device.operator.waitForEvent("failed", upgradeId)).toMatchObject({
      failed_phase: "verifying",
      reason_code: "self_test_failed",
      last_error: expect.stringContaining("migration 0002-split-labels failed"),
      reverted: false,
    });
    await access(device.layout.versionedPath("0.1.3"));
    await expectUntouched(device, was);
  });

  it("that never sends a heartbeat is reverted", async () => {
    const device = await startDevice({
      server,
      built,
      deviceId: "pi-0012",
      version: "0.1.1",
      heartbeatTimeoutMs: 2_000,
    });
    const was = await before(device);
    const upgradeId = await device.operator.ask("0.1.4", built.artifact("0.1.4"));
    await device.operator.waitForEvent("cutover-ready", upgradeId);
    expect(await device.layout.currentTarget()).toBe(device.layout.versionedPath("0.1.4"));
    expect(await device.operator.waitForEvent("failed", upgradeId)).toMatchObject({
      failed_phase: "cutover-ready",
      reason_code: "heartbeat_timeout",
      reverted: true,
    });
    expect(await device.supervisor.statusOf("fleet-agent-v0.1.4")).toMatchObject({ state: "absent" });
    await expectUntouched(device, was);
  });

  it("that crashes as soon as it runs is given up and reverted", async () => {
    const device = await startDevice({ server, built, deviceId: "pi-0014", version: "0.1.1" });
    const was = await before(device);
    const upgradeId = await device.operator.ask("0.1.5", built.artifact("0.1.5"));
    expect(await device.operator.waitForEvent("failed", upgradeId)).toMatchObject({
      failed_phase: "cutover-ready",
      reason_code: "new_agent_gave_up",
      last_error: expect.stringContaining("exit 1"),
      reverted: true,
    });
    await expectUntouched(device, was);
  });

  it("that cannot be fetched fails at once, and another may be asked for", async () => {
    const device = await startDevice({ server, built, deviceId: "pi-0013", version: "0.1.1" });
    const was = await before(device);
    const first = await device.operator.ask("0.1.3", built.artifact("0.1.3", "file:///nowhere/agent"));
    expect(await device.operator.waitForEvent("failed", first)).toMatchObject({
      failed_phase: "staging",
      reason_code: "download_refused",
      reverted: false,
    });
    const second = await device.operator.ask("0.1.3", { ...built.artifact("0.1.3"), sha256: "0".repeat(64) });
    expect(await device.operator.waitForEvent("failed", second)).toMatchObject({
      reason_code: "hash_mismatch",
    });
    await expectUntouched(device, was);
  });
});
