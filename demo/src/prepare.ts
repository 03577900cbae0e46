// What must stand before the story begins: the built agents, the published versions, devices that run 0.1.1 with two workloads.
import { join } from "node:path";
import { binaryName } from "@upgrade-ledger/contract";
import type { DemoDevice } from "./devices.ts";
import { ask, Device } from "./http.ts";
import { run } from "./processes.ts";
import { cli } from "./service.ts";
import { FIRST_VERSION, PUBLISHED } from "./story.ts";
import { runningWorkloads, type Workload } from "./workloads.ts";
import { PROJECT, type World } from "./world.ts";

const BUILD_AGENT = join(PROJECT, "scripts", "build-agent.mjs");
const SETTLED_TIMEOUT_MS = 30_000;

/** Builds and signs every version of the story, with the same command that a developer uses. */
export async function buildAgents(world: World): Promise<void> {
  for (const { version, entry } of [{ version: FIRST_VERSION, entry: undefined }, ...PUBLISHED]) {
    const args = [
      "--version",
      version,
      "--out",
      world.artifacts,
      ...(entry === undefined ? [] : ["--entry", join(PROJECT, entry)]),
    ];
    const built = await run(process.execPath, [BUILD_AGENT, ...args]);
    if (built.code !== 0) throw new Error(`building the agent ${version} failed:\n${built.stderr}`);
  }
}

export async function publishArtifacts(world: World): Promise<void> {
  for (const { version } of PUBLISHED)
    await cli(world, "artifacts", "publish", join(world.artifacts, binaryName(version)));
}

/** Waits until a device's agent is seen and both of its workloads run. */
export async function settled(world: World, device: DemoDevice): Promise<readonly Workload[]> {
  const deadline = performance.now() + SETTLED_TIMEOUT_MS;
  while (performance.now() < deadline) {
    const shown = await ask(Device, `${world.httpUrl}/v1/devices/${device.deviceId}`).catch(() => undefined);
    const workloads = await runningWorkloads(world, device.deviceId);
    if (shown?.current_version === FIRST_VERSION && workloads.length === 2) return workloads;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(
    `${device.deviceId}: its agent or its workloads did not come up; see ${join(device.stateDir, "log")}`,
  );
}
