// A device for the guard's tests: real guard program, real processes, agents that are small shell programs.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { waitFor } from "@upgrade-ledger/testkit";
import { onTestFinished } from "vitest";
import { buildGuard } from "../../../../scripts/build-agent.mjs";
import { createProcessSupervisor } from "../../src/supervisor/process-supervisor.ts";
import type { Supervisor, UnitState } from "../../src/supervisor/supervisor.ts";
import { identify, type ProcessIdentity } from "../../src/supervisor/process-identity.ts";
import { tempFolder } from "../temp-folder.ts";

export interface TestDevice {
  readonly prefix: string;
  readonly stateDir: string;
  readonly supervisor: Supervisor;
  readonly agents: ProcessIdentity[];
  /** A guard process, not waited for; its standard error can be read. */
  spawnGuard(...options: string[]): ChildProcess;
  /** Starts a guard on the device's folders; also after the earlier one was killed. */
  startGuard(...options: string[]): Promise<ChildProcess>;
  /** Puts a shell program at the version's path. */
  addVersion(version: string, script: string): Promise<void>;
  pointTo(version: string): Promise<void>;
  /** Waits until the unit is in `state` (and, where running, another process than `not`). */
  waitForState(
    unit: string,
    state: UnitState,
    not?: number,
  ): Promise<{ pid: number | null; exit: string | null }>;
  /** Lines that the agents wrote into the unit's log. */
  log(unit: string): Promise<string[]>;
}

/** Runs until it is told otherwise: SIGTERM ends it with 0. */
export const STEADY = `trap 'exit 0' TERM; echo "up $FLEET_AGENT_UNIT $*"; while :; do sleep 0.05; done`;
export const CRASHES = `echo crash; exit 3`;

export const FAST = ["--restart-delay-ms", "20", "--start-limit-burst", "3", "--stop-timeout-ms", "1000"];

/** A device with a steady 0.1.1 behind the symlink; no guard runs yet. */
export async function createDevice(): Promise<TestDevice> {
  const root = await tempFolder();
  const [prefix, stateDir] = [join(root, "usr"), join(root, "state")];
  const guardPath = (await buildGuard({ outDir: root })).path;
  await mkdir(join(prefix, "bin"), { recursive: true });
  await mkdir(join(prefix, "local", "bin"), { recursive: true });
  const device = new Device(prefix, stateDir, guardPath, join(root, "agent.toml"));
  onTestFinished(() => device.end());
  await device.addVersion("0.1.1", STEADY);
  await device.pointTo("0.1.1");
  return device;
}

class Device implements TestDevice {
  readonly prefix: string;
  readonly stateDir: string;
  readonly supervisor: Supervisor;
  readonly agents: ProcessIdentity[] = [];
  readonly #guardPath: string;
  readonly #config: string;
  readonly #guards: ChildProcess[] = [];

  constructor(prefix: string, stateDir: string, guardPath: string, config: string) {
    this.prefix = prefix;
    this.stateDir = stateDir;
    this.#guardPath = guardPath;
    this.#config = config;
    this.supervisor = createProcessSupervisor({ socketPath: join(stateDir, "guard.sock"), timeoutMs: 5_000 });
  }

  spawnGuard(...options: string[]): ChildProcess {
    const args = ["--prefix", this.prefix, "--state-dir", this.stateDir, "--config", this.#config];
    const guard = spawn(this.#guardPath, [...args, ...FAST, ...options], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.#guards.push(guard);
    return guard;
  }

  async startGuard(...options: string[]): Promise<ChildProcess> {
    const guard = this.spawnGuard(...options);
    await waitFor(() => this.supervisor.statusOf("fleet-agent"), { describe: "the guard to answer" });
    return guard;
  }

  async addVersion(version: string, script: string): Promise<void> {
    const path = join(this.prefix, "bin", `fleet-agent-v${version}`);
    await writeFile(path, `#!/bin/sh\n${script}\n`);
    await chmod(path, 0o755);
  }

  async pointTo(version: string): Promise<void> {
    await symlink(
      join(this.prefix, "bin", `fleet-agent-v${version}`),
      join(this.prefix, "local", "bin", "fleet-agent"),
    );
  }

  async waitForState(unit: string, state: UnitState, not?: number) {
    const status = await waitFor(
      async () => {
        const now = await this.supervisor.statusOf(unit);
        return now.state === state && (not === undefined || now.pid !== not) ? now : undefined;
      },
      { describe: `${unit} to be ${state}` },
    );
    const identity = status.pid === null ? undefined : identify(status.pid);
    if (identity !== undefined) this.agents.push(identity);
    return status;
  }

  async log(unit: string): Promise<string[]> {
    return (await readFile(join(this.stateDir, "log", `${unit}.log`), "utf8")).trimEnd().split("\n");
  }

  async end(): Promise<void> {
    for (const guard of this.#guards) {
      if (guard.exitCode !== null || guard.signalCode !== null) continue;
      guard.kill("SIGTERM");
      await once(guard, "exit");
    }
    for (const agent of this.agents) {
      if (identify(agent.pid)?.startTime === agent.startTime) process.kill(agent.pid, "SIGKILL");
    }
  }
}
