// A device with real programs: the guard, agents behind the symlink, two workloads.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { openSync } from "node:fs";
import { copyFile, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Deployment } from "@upgrade-ledger/contract";
import { type LedgerServer, waitFor } from "@upgrade-ledger/testkit";
import { stringify } from "smol-toml";
import { onTestFinished } from "vitest";
import { createLayout, type Layout } from "../../src/layout/layout.ts";
import { identify } from "../../src/supervisor/process-identity.ts";
import { createProcessSupervisor } from "../../src/supervisor/process-supervisor.ts";
import type { Supervisor } from "../../src/supervisor/supervisor.ts";
import { createProcessRuntime } from "../../src/workloads/process-runtime.ts";
import { DEVELOPMENT_KEY } from "../staging/artifact.ts";
import { tempFolder } from "../temp-folder.ts";
import type { Built } from "./built.ts";
import { ScriptedOperator } from "./scripted-operator.ts";

export interface AgentDevice {
  readonly operator: ScriptedOperator;
  readonly layout: Layout;
  readonly stateDir: string;
  readonly supervisor: Supervisor;
  startGuard(): Promise<ChildProcess>;
  /** The guard that was started last. */
  guard(): ChildProcess;
  /** Process ids of both workloads, as reported and as the operating system has them. */
  workloadPids(): Promise<number[]>;
  /** The program that runs as this process. */
  commandOf(pid: number): Promise<string>;
}

export interface DeviceOptions {
  readonly server: LedgerServer;
  readonly built: Built;
  readonly deviceId: string;
  readonly version: string;
  /** How long a new version may be silent, ms. Default 15,000: a busy machine starts programs slowly. */
  readonly heartbeatTimeoutMs?: number;
  /** How long a new version has to have its `done` acknowledged, ms. Default: as in a real device. */
  readonly confirmTimeoutMs?: number;
}

const WORKLOADS = ["sensor", "uplink"].map((name) =>
  Deployment.parse({ name, runtime: "process", command: ["sleep", "600"] }),
);

/** Sets a device up as an installer would, starts its guard, and waits until its agent and workloads run. */
export async function startDevice(options: DeviceOptions): Promise<AgentDevice> {
  const { server, built, deviceId, version } = options;
  const root = await tempFolder();
  const layout = createLayout({ prefix: join(root, "usr") });
  const stateDir = join(root, "state");
  const configFile = join(root, "agent.toml");
  const operator = await ScriptedOperator.create(server, deviceId);
  const { seed } = await server.registerDevice(deviceId);
  await writeFile(join(root, "device.nk"), seed, { mode: 0o600 });
  await writeFile(configFile, configuration(options, root, stateDir));
  await install(layout, built, version);
  await operator.deploy(WORKLOADS);

  const supervisor = createProcessSupervisor({ socketPath: join(stateDir, "guard.sock") });
  const guards: ChildProcess[] = [];
  const startGuard = async (): Promise<ChildProcess> => {
    const log = openSync(join(root, "guard.log"), "a");
    const args = ["--prefix", join(root, "usr"), "--state-dir", stateDir, "--config", configFile];
    const guard = spawn(built.guardPath, [...args, "--restart-delay-ms", "200", "--start-limit-burst", "2"], {
      stdio: ["ignore", log, log],
    });
    guards.push(guard);
    await waitFor(() => supervisor.statusOf("fleet-agent"), { describe: "the guard to answer" });
    return guard;
  };
  onTestFinished(async ({ task }) => {
    if (task.result?.state === "fail") {
      console.error(`--- the ledger of ${deviceId}\n${operator.types().join(", ")}`);
      await showLogs(root);
    }
    operator.end();
    for (const guard of guards) await endGuard(guard);
    const signal = new AbortController().signal;
    await createProcessRuntime({ stateDir }).reconcile([], { signal, mayStart: true });
  });
  await startGuard();
  await operator.waitForHeartbeat(version);
  const device: AgentDevice = {
    operator,
    layout,
    stateDir,
    supervisor,
    startGuard,
    guard: () => {
      const last = guards.at(-1);
      if (last === undefined) throw new Error("no guard was started");
      return last;
    },
    workloadPids: () => runningPids(operator),
    commandOf: async (pid) => (await readFile(`/proc/${pid}/cmdline`, "utf8")).split("\0")[1] ?? "",
  };
  await waitFor(async () => (await device.workloadPids()).length === WORKLOADS.length, {
    describe: "both workloads to run",
  });
  return device;
}

async function install(layout: Layout, built: Built, version: string): Promise<void> {
  await mkdir(layout.binFolder, { recursive: true });
  await mkdir(join(layout.linkPath, ".."), { recursive: true });
  await copyFile(built.agents.get(version)?.path ?? "", layout.versionedPath(version));
  await symlink(layout.versionedPath(version), layout.linkPath);
}

function configuration(options: DeviceOptions, root: string, stateDir: string): string {
  const { server, deviceId, heartbeatTimeoutMs = 15_000, confirmTimeoutMs = 1_800_000 } = options;
  return stringify({
    device_id: deviceId,
    prefix: join(root, "usr"),
    state_dir: stateDir,
    nats: { url: server.url, seed_file: join(root, "device.nk") },
    heartbeat: { interval_ms: 200 },
    upgrade: {
      trusted_keys: [DEVELOPMENT_KEY.trim().split("\n").at(-1) ?? ""],
      heartbeat_timeout_ms: heartbeatTimeoutMs,
      confirm_timeout_ms: confirmTimeoutMs,
      drain_timeout_ms: 5_000,
      self_test_timeout_ms: 10_000,
      staging_deadline_ms: 10_000,
    },
    workloads: { interval_ms: 500 },
  });
}

async function runningPids(operator: ScriptedOperator): Promise<number[]> {
  const pids = (await operator.workloads()).flatMap(({ pid }) => (pid === null ? [] : [pid]));
  return pids.filter((pid) => identify(pid) !== undefined).toSorted((a, b) => a - b);
}

async function endGuard(guard: ChildProcess): Promise<void> {
  if (guard.exitCode !== null || guard.signalCode !== null) return;
  const gone = once(guard, "exit");
  guard.kill("SIGTERM");
  await gone;
}

async function showLogs(root: string): Promise<void> {
  const logs = await readdir(join(root, "state", "log")).catch(() => []);
  for (const name of ["guard.log", ...logs.map((log) => join("state", "log", log))]) {
    const text = await readFile(join(root, name), "utf8").catch(() => "(none)");
    console.error(`--- ${name}\n${text.slice(-6_000)}`);
  }
}
