import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Deployment } from "@upgrade-ledger/contract";
import { waitFor } from "@upgrade-ledger/testkit";
import { build } from "esbuild";
import { describe, expect, it, onTestFinished } from "vitest";
import { identify } from "../../src/supervisor/process-identity.ts";
import { createProcessRuntime } from "../../src/workloads/process-runtime.ts";
import type { WorkloadReport, WorkloadRuntime } from "../../src/workloads/runtime.ts";
import { tempFolder } from "../temp-folder.ts";

const AGENT = fileURLToPath(new URL("reconcile-once.ts", import.meta.url));

function deployment(name: string, script: string, env: Record<string, string> = {}): Deployment {
  return Deployment.parse({ name, runtime: "process", command: ["/bin/sh", "-c", script], env });
}

const STEADY = "while :; do sleep 0.05; done";

/** One device, over whose state folder runtimes come and go as agents do. Its workloads end with the test. */
async function device(): Promise<{ stateDir: string; runtime: WorkloadRuntime }> {
  const stateDir = await tempFolder();
  onTestFinished(async () => {
    await reconcile(createProcessRuntime({ stateDir }), []);
  });
  return { stateDir, runtime: createProcessRuntime({ stateDir }) };
}

function reconcile(
  runtime: WorkloadRuntime,
  deployments: Deployment[],
  mayStart: boolean = true,
): Promise<WorkloadReport[]> {
  return runtime.reconcile(deployments, { signal: new AbortController().signal, mayStart });
}

function pids(reports: readonly WorkloadReport[]): (number | null)[] {
  return reports.map(({ pid }) => pid);
}

describe("workloads", () => {
  it("are started, kept, and stopped when they are no longer wanted", async () => {
    const { runtime } = await device();
    const wanted = [deployment("sensor", STEADY), deployment("uplink", STEADY)];
    const first = await reconcile(runtime, wanted);
    expect(first).toMatchObject([
      { name: "sensor", state: "running", last_error: null },
      { name: "uplink", state: "running" },
    ]);
    expect(pids(await reconcile(runtime, wanted))).toEqual(pids(first));
    expect(await reconcile(runtime, wanted.slice(1))).toMatchObject([{ name: "uplink", pid: first[1]?.pid }]);
    expect(identify(first[0]?.pid ?? 0)).toBeUndefined();
  });

  it("are replaced when their command or environment changes", async () => {
    const { runtime } = await device();
    const [first] = await reconcile(runtime, [deployment("sensor", STEADY)]);
    const [second] = await reconcile(runtime, [deployment("sensor", STEADY, { RATE: "2" })]);
    expect(second?.pid).not.toBe(first?.pid);
    expect(identify(first?.pid ?? 0)).toBeUndefined();
  });

  it("get the deployment's environment and none of the agent's secrets; their output is kept", async () => {
    const { runtime, stateDir } = await device();
    process.env["FLEET_AGENT_TEST_SECRET"] = "hidden";
    onTestFinished(() => {
      delete process.env["FLEET_AGENT_TEST_SECRET"];
    });
    await reconcile(runtime, [deployment("sensor", `echo "rate $RATE"; env; ${STEADY}`, { RATE: "2" })]);
    const log = await waitFor(
      async () => {
        const text = await readFile(join(stateDir, "log", "workload-sensor.log"), "utf8");
        return text.includes("PATH=") ? text : undefined;
      },
      { describe: "its output" },
    );
    expect(log).toContain("rate 2");
    expect(log).not.toContain("hidden");
  });

  it("are started again when they end, with a pause that grows", async () => {
    const { runtime, stateDir } = await device();
    const wanted = [deployment("sensor", "echo run; exit 7")];
    const reports = async () => (await reconcile(runtime, wanted))[0];
    const failed = await waitFor(
      async () => {
        const report = await reports();
        return report?.state === "failed" ? report : undefined;
      },
      { describe: "it to have failed" },
    );
    expect(failed).toMatchObject({ pid: null, last_error: "ended with exit 7" });
    await waitFor(
      async () => {
        await reports();
        return (await readFile(join(stateDir, "log", "workload-sensor.log"), "utf8")) === "run\nrun\n";
      },
      { describe: "its second start" },
    );
  });

  it("that cannot be executed are reported, and keep no other from running", async () => {
    const { runtime } = await device();
    const wanted = [
      Deployment.parse({ name: "broken", runtime: "process", command: ["/nonexistent"] }),
      Deployment.parse({ name: "boxed", runtime: "podman", command: ["image"] }),
      deployment("sensor", STEADY),
    ];
    expect(await reconcile(runtime, wanted)).toMatchObject([
      { name: "broken", state: "failed", last_error: expect.stringContaining("ENOENT") },
      { name: "boxed", state: "failed", last_error: expect.stringContaining("podman") },
      { name: "sensor", state: "running" },
    ]);
  });

  it("stay as they are while the agent drains", async () => {
    const { runtime } = await device();
    const [running] = await reconcile(runtime, [deployment("sensor", STEADY)]);
    const changed = [deployment("sensor", `: ; ${STEADY}`), deployment("uplink", STEADY)];
    expect(await reconcile(runtime, changed, false)).toMatchObject([{ name: "sensor", pid: running?.pid }]);
    expect(await reconcile(runtime, [], false)).toMatchObject([{ name: "sensor", pid: running?.pid }]);
  });

  it("counts what is under way", async () => {
    const { runtime } = await device();
    expect(runtime.inFlight()).toBe(0);
    await reconcile(runtime, [deployment("sensor", `trap '' TERM; trap 'sleep 0.3; exit' TERM; ${STEADY}`)]);
    const stopping = reconcile(runtime, []);
    await waitFor(() => runtime.inFlight() === 1, { describe: "a stop to be under way" });
    await stopping;
    expect(runtime.inFlight()).toBe(0);
  });
});

async function agentProgram(): Promise<string> {
  const file = join(await tempFolder(), "agent.mjs");
  const { outputFiles } = await build({
    entryPoints: [AGENT],
    bundle: true,
    write: false,
    platform: "node",
    format: "esm",
    conditions: ["source"],
  });
  await writeFile(file, outputFiles[0]?.text ?? "");
  await chmod(file, 0o755);
  return file;
}

async function agentRun(program: string, stateDir: string, wanted: Deployment[]): Promise<WorkloadReport[]> {
  const agent = spawn(process.execPath, [program, stateDir, JSON.stringify(wanted)], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env },
  });
  const [line]: unknown[] = await once(agent.stdout, "data");
  const gone = once(agent, "exit");
  agent.kill("SIGKILL");
  await gone;
  const reports: unknown = JSON.parse(String(line));
  if (!Array.isArray(reports)) throw new Error(`not a list: ${String(line)}`);
  return reports;
}

describe("workloads belong to no agent (G7)", () => {
  it("keep their process ids when agents are killed and others adopt them", async () => {
    const { stateDir, runtime } = await device();
    const program = await agentProgram();
    const wanted = [deployment("sensor", STEADY), deployment("uplink", STEADY)];
    const first = await agentRun(program, stateDir, wanted);
    const second = await agentRun(program, stateDir, wanted);
    expect(pids(second)).toEqual(pids(first));
    expect(pids(await reconcile(runtime, wanted))).toEqual(pids(first));
  });

  it("are found again when the agent was killed before it could note the process id", async () => {
    const { stateDir } = await device();
    const wanted = [deployment("sensor", STEADY)];
    const [first] = await reconcile(createProcessRuntime({ stateDir }), wanted);
    const file = join(stateDir, "workloads", "sensor.json");
    const record: unknown = JSON.parse(await readFile(file, "utf8"));
    await writeFile(file, JSON.stringify(Object.assign(Object(record), { process: null })));
    const [second] = await reconcile(createProcessRuntime({ stateDir }), wanted);
    expect(second?.pid).toBe(first?.pid);
  });

  it("a damaged record is set aside", async () => {
    const { stateDir, runtime } = await device();
    const [first] = await reconcile(runtime, [deployment("sensor", "exit 0")]);
    await writeFile(join(stateDir, "workloads", "sensor.json"), "{ half");
    const [second] = await reconcile(runtime, [deployment("sensor", STEADY)]);
    expect(second).toMatchObject({ state: "running" });
    expect(second?.pid).not.toBe(first?.pid);
    expect(await readdir(join(stateDir, "workloads"))).toContain("sensor.json.damaged");
  });
});
