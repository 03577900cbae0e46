// The real guard with a version on trial; agents are small shell programs, the marker is written by the test (spec §4, Probation).
import { once } from "node:events";
import { mkdir, readFile, readlink, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { waitFor } from "@upgrade-ledger/testkit";
import { expect, it } from "vitest";
import { createDevice, CRASHES, STEADY, type TestDevice } from "./device.ts";

const MAIN = "fleet-agent";
const NEW = "fleet-agent-v0.1.2";
const UPGRADE = "0193b3c0-0000-7000-8000-000000000001";

async function writeMarker(device: TestDevice, at: object, confirm_timeout_ms = 60_000): Promise<void> {
  const versions = { from_version: "0.1.1", to_version: "0.1.2" };
  const upgrade = { upgrade_id: UPGRADE, ...versions, confirm_timeout_ms, at };
  await mkdir(device.stateDir, { recursive: true });
  await writeFile(join(device.stateDir, "marker.json"), JSON.stringify({ schema: 1, upgrade }));
}

async function relink(device: TestDevice, version: string): Promise<void> {
  await rm(join(device.prefix, "local", "bin", "fleet-agent"));
  await device.pointTo(version);
}

const target = (device: TestDevice) => readlink(join(device.prefix, "local", "bin", "fleet-agent"));
const note = async (device: TestDevice): Promise<unknown> =>
  JSON.parse(await readFile(join(device.stateDir, "taken-back.json"), "utf8"));

async function waitForPredecessor(device: TestDevice): Promise<void> {
  await waitFor(async () => (await target(device)).endsWith("v0.1.1"), { describe: "the link to be back" });
  await device.waitForState(MAIN, "running");
}

it("a version that crash-loops from boot, in a cutover, goes back after three failures", async () => {
  const device = await createDevice();
  await device.addVersion("0.1.2", CRASHES);
  await relink(device, "0.1.2");
  await writeMarker(device, { step: "cutover-ready" });
  await device.startGuard();
  await waitForPredecessor(device);
  const lines = await device.log(MAIN);
  expect(lines.slice(0, 3)).toEqual(["crash", "crash", "crash"]);
  expect(await note(device)).toMatchObject({ upgrade_id: UPGRADE, reason_code: "crash_loop" });
});

it("failures are counted on by the next guard", async () => {
  const device = await createDevice();
  await device.addVersion("0.1.2", STEADY);
  await relink(device, "0.1.2");
  await writeMarker(device, { step: "probation" });
  let guard = await device.startGuard();
  let pid: number | null = null;
  for (let failure = 0; failure < 2; failure += 1) {
    ({ pid } = await device.waitForState(MAIN, "running"));
    process.kill(pid ?? 0, "SIGKILL");
    ({ pid } = await device.waitForState(MAIN, "running", pid ?? 0));
    const gone = once(guard, "exit");
    guard.kill("SIGKILL");
    await gone;
    guard = await device.startGuard();
  }
  process.kill(pid ?? 0, "SIGKILL");
  await waitForPredecessor(device);
  expect(await note(device)).toMatchObject({ upgrade_id: UPGRADE, reason_code: "crash_loop" });
});

it("one that runs and is not confirmed in time goes back; one on probation stays", async () => {
  const device = await createDevice();
  await device.addVersion("0.1.2", STEADY);
  await relink(device, "0.1.2");
  await writeMarker(device, { step: "probation" }, 1);
  await device.startGuard();
  const { pid } = await device.waitForState(MAIN, "running");
  await writeMarker(device, { step: "ended", cutover: true, end: { type: "done" } }, 1);
  await device.waitForState(MAIN, "running", pid ?? 0);
  expect(await note(device)).toMatchObject({ reason_code: "not_confirmed" });
  expect(await target(device)).toContain("0.1.1");
});

it("what a killed guard had begun to take back is finished by the next one", async () => {
  const device = await createDevice();
  await device.addVersion("0.1.2", STEADY);
  const guard = await device.startGuard();
  await device.supervisor.startVersion("0.1.2");
  const { pid } = await device.waitForState(MAIN, "running");
  const fresh = await device.waitForState(NEW, "running");
  process.kill(pid ?? 0, "SIGTERM");
  await device.waitForState(MAIN, "exited");
  const gone = once(guard, "exit");
  guard.kill("SIGKILL");
  await gone;
  await writeMarker(device, { step: "stopping" });
  const reason = { upgrade_id: UPGRADE, reason_code: "crash_loop", last_error: "three times" };
  await writeFile(join(device.stateDir, "taken-back.json"), JSON.stringify(reason));
  await device.startGuard();
  await device.waitForState(MAIN, "running", fresh.pid ?? 0);
  expect(await device.supervisor.statusOf(NEW)).toMatchObject({ state: "absent" });
});
