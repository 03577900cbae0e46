// A device of the demo: a root folder of its own, a guard process, an agent v0.1.1 behind the symlink.
import { type ChildProcess, spawn } from "node:child_process";
import { openSync } from "node:fs";
import { chmod, copyFile, mkdir, readdir, readFile, readlink, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "smol-toml";
import { z } from "zod";
import { binaryName } from "@upgrade-ledger/contract";
import { createProcessSupervisor } from "@upgrade-ledger/agent/supervisor";
import { newDeviceKey } from "@upgrade-ledger/nats";
import { startTimeOf, stop } from "./processes.ts";
import { cli } from "./service.ts";
import { FIRST_VERSION, TIMINGS } from "./story.ts";
import { PROJECT, type World } from "./world.ts";

export interface DemoDevice {
  readonly deviceId: string;
  readonly prefix: string;
  readonly stateDir: string;
  readonly configFile: string;
  readonly guard: ChildProcess;
  readonly supervisor: ReturnType<typeof createProcessSupervisor>;
  linkTarget(): Promise<string>;
}

/** Lays a device out as `fleet-agent`'s installer would, lets it into the ledger's server, and starts its guard. */
export async function startDevice(world: World, deviceId: string): Promise<DemoDevice> {
  const root = join(world.root, "devices", deviceId);
  const prefix = join(root, "usr");
  const stateDir = join(root, "state");
  const configFile = join(root, "agent.toml");
  const link = join(prefix, "local", "bin", "fleet-agent");
  await Promise.all(
    [join(prefix, "bin"), join(prefix, "local", "bin"), stateDir].map((dir) =>
      mkdir(dir, { recursive: true }),
    ),
  );

  const first = join(prefix, "bin", binaryName(FIRST_VERSION));
  await copyFile(join(world.artifacts, binaryName(FIRST_VERSION)), first);
  await chmod(first, 0o755);
  await symlink(first, link);

  const key = newDeviceKey();
  const seedFile = join(root, "device.nk");
  await writeFile(seedFile, key.seed, { mode: 0o600 });
  await cli(world, "devices", "add", deviceId, "--public-key", key.publicKey);
  await writeFile(configFile, await agentConfig({ world, deviceId, prefix, stateDir, seedFile }));

  const log = openSync(join(root, "guard.log"), "a");
  const guard = spawn(
    process.execPath,
    [
      join(world.artifacts, "fleet-agent-guard"),
      "--prefix",
      prefix,
      "--state-dir",
      stateDir,
      "--config",
      configFile,
    ],
    { stdio: ["ignore", log, log] },
  );
  const supervisor = createProcessSupervisor({ socketPath: join(stateDir, "guard.sock") });
  return { deviceId, prefix, stateDir, configFile, guard, supervisor, linkTarget: () => readlink(link) };
}

const WorkloadRecord = z.looseObject({
  process: z.looseObject({ pid: z.int().positive(), startTime: z.string() }).nullable(),
});

/** Stops the guard and with it the agents; the workloads belong to none of them and are ended one by one. */
export async function stopDevice(device: DemoDevice): Promise<void> {
  await stop(device.guard);
  const folder = join(device.stateDir, "workloads");
  for (const file of await readdir(folder).catch(() => [])) {
    const { process: workload } = WorkloadRecord.parse(
      JSON.parse(await readFile(join(folder, file), "utf8")),
    );
    if (workload !== null && startTimeOf(workload.pid) === workload.startTime)
      process.kill(workload.pid, "SIGTERM");
  }
}

interface Place {
  readonly world: World;
  readonly deviceId: string;
  readonly prefix: string;
  readonly stateDir: string;
  readonly seedFile: string;
}

async function agentConfig({ world, deviceId, prefix, stateDir, seedFile }: Place): Promise<string> {
  return stringify({
    device_id: deviceId,
    prefix,
    state_dir: stateDir,
    labels: { site: "demo" },
    nats: { url: `nats://127.0.0.1:${world.natsPort}`, seed_file: seedFile },
    heartbeat: { interval_ms: TIMINGS.heartbeatIntervalMs },
    upgrade: {
      trusted_keys: [await developmentKey()],
      heartbeat_timeout_ms: TIMINGS.heartbeatTimeoutMs,
    },
    supervisor: { kind: "process", socket: join(stateDir, "guard.sock") },
    workloads: { runtime: "process" },
  });
}

/** The public half of the project's development key, which signs the demo's agents: the last line of a minisign key file. */
async function developmentKey(): Promise<string> {
  const text = await readFile(join(PROJECT, "deploy", "dev-keys", "minisign.pub"), "utf8");
  return text.trim().split("\n").at(-1) ?? "";
}
