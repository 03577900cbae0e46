import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { waitFor } from "@upgrade-ledger/testkit";
import { describe, expect, it } from "vitest";
import { identify } from "../../src/supervisor/process-identity.ts";
import { SupervisorError } from "../../src/supervisor/supervisor.ts";
import { CRASHES, createDevice, STEADY } from "./device.ts";

const MAIN = "fleet-agent";
const NEW = "fleet-agent-v0.1.2";

async function killed(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const gone = once(child, "exit");
  child.kill(signal);
  await gone;
}

describe("the agent behind the symlink", () => {
  it("is started with `run --config`, told its unit, and logged", async () => {
    const device = await createDevice();
    await device.startGuard();
    const { pid } = await device.waitForState(MAIN, "running");
    const commandLine = await readFile(`/proc/${pid}/cmdline`, "utf8");
    expect(commandLine.split("\0")).toContain(join(device.prefix, "local", "bin", "fleet-agent"));
    await waitFor(async () => (await device.log(MAIN))[0]?.startsWith("up fleet-agent run --config /"), {
      describe: "its first line in the log",
    });
  });

  it("is restarted after kill -9, and not after exit 0", async () => {
    const device = await createDevice();
    await device.startGuard();
    const first = await device.waitForState(MAIN, "running");
    process.kill(first.pid ?? 0, "SIGKILL");
    const second = await device.waitForState(MAIN, "running", first.pid ?? 0);
    expect(second.exit).toBe("signal SIGKILL");
    process.kill(second.pid ?? 0, "SIGTERM");
    expect(await device.waitForState(MAIN, "exited")).toMatchObject({ pid: null, exit: "exit 0" });
  });

  it("goes on being restarted when it crash-loops, only more slowly", async () => {
    const device = await createDevice();
    await device.addVersion("0.1.1", CRASHES);
    await device.startGuard("--start-limit-interval-ms", "60000");
    await waitFor(async () => (await device.log(MAIN)).length === 3, { describe: "three starts" });
    expect(await device.waitForState(MAIN, "restarting")).toMatchObject({ exit: "exit 3" });
  });
});

describe("a new version beside it", () => {
  it("runs as a unit of its own; asking twice starts one process; a stop leaves the other alone", async () => {
    const device = await createDevice();
    await device.addVersion("0.1.2", STEADY);
    await device.startGuard();
    const main = await device.waitForState(MAIN, "running");
    expect(await device.supervisor.startVersion("0.1.2+sha.9f")).toEqual({ unit: NEW });
    const { pid } = await device.waitForState(NEW, "running");
    await device.supervisor.startVersion("0.1.2");
    expect(await device.supervisor.statusOf(NEW)).toMatchObject({ state: "running", pid });
    await device.supervisor.stopUnit(NEW);
    expect(identify(pid ?? 0)).toBeUndefined();
    expect(await device.supervisor.statusOf(NEW)).toEqual({ state: "absent", pid: null, exit: null });
    expect(await device.supervisor.statusOf(MAIN)).toMatchObject({ state: "running", pid: main.pid });
  });

  it("gives up one that crash-loops, and starts it afresh when asked again", async () => {
    const device = await createDevice();
    await device.addVersion("0.1.2", CRASHES);
    await device.startGuard();
    await device.waitForState(MAIN, "running");
    await device.supervisor.startVersion("0.1.2");
    expect(await device.waitForState(NEW, "gave-up")).toMatchObject({ exit: "exit 3" });
    expect(await device.log(NEW)).toHaveLength(3);
    await device.addVersion("0.1.2", STEADY);
    await device.supervisor.startVersion("0.1.2");
    await device.waitForState(NEW, "running");
  });

  it("starts the symlink's version when the last agent alive has to be given up", async () => {
    const device = await createDevice();
    await device.addVersion("0.1.2", STEADY);
    await device.startGuard();
    await device.waitForState(MAIN, "running");
    await device.supervisor.startVersion("0.1.2");
    const { pid } = await device.waitForState(NEW, "running");
    await device.supervisor.stopUnit(MAIN);
    await device.addVersion("0.1.2", CRASHES);
    process.kill(pid ?? 0, "SIGKILL");
    await device.waitForState(NEW, "gave-up");
    expect(await device.waitForState(MAIN, "running")).toMatchObject({ exit: "exit 0" });
  });

  it("says why one cannot be started", async () => {
    const device = await createDevice();
    await device.startGuard();
    await expect(device.supervisor.startVersion("9.9.9")).rejects.toThrow(/fleet-agent-v9\.9\.9 ENOENT/);
    await expect(device.supervisor.startVersion("../../sh")).rejects.toThrow(SupervisorError);
    expect(await device.supervisor.statusOf("fleet-agent-v9.9.9")).toMatchObject({ state: "absent" });
  });

  it("kills one that does not heed SIGTERM", async () => {
    const device = await createDevice();
    await device.addVersion("0.1.2", `trap '' TERM; echo up; while :; do sleep 0.05; done`);
    await device.startGuard("--stop-timeout-ms", "100");
    await device.supervisor.startVersion("0.1.2");
    const { pid } = await device.waitForState(NEW, "running");
    await waitFor(async () => (await device.log(NEW)).includes("up"), { describe: "its trap to be set" });
    await device.supervisor.stopUnit(NEW);
    expect(identify(pid ?? 0)).toBeUndefined();
  });
});

describe("a guard that comes after another", () => {
  it("adopts what a killed guard left running, watches it, and starts nothing twice", async () => {
    const device = await createDevice();
    await device.addVersion("0.1.2", STEADY);
    const guard = await device.startGuard();
    await device.supervisor.startVersion("0.1.2");
    const [main, fresh] = [
      await device.waitForState(MAIN, "running"),
      await device.waitForState(NEW, "running"),
    ];
    await killed(guard, "SIGKILL");
    await expect(device.supervisor.statusOf(MAIN)).rejects.toThrow(SupervisorError);
    await device.startGuard();
    expect(await device.supervisor.statusOf(MAIN)).toMatchObject({ state: "running", pid: main.pid });
    expect(await device.supervisor.statusOf(NEW)).toMatchObject({ state: "running", pid: fresh.pid });
    process.kill(fresh.pid ?? 0, "SIGKILL");
    await device.waitForState(NEW, "running", fresh.pid ?? 0);
    expect(await device.log(MAIN)).toHaveLength(1);
  });

  it("restarts what ended while no guard watched, and leaves down what had ended as intended", async () => {
    const device = await createDevice();
    await device.addVersion("0.1.2", STEADY);
    const guard = await device.startGuard();
    await device.supervisor.startVersion("0.1.2");
    const [main, fresh] = [
      await device.waitForState(MAIN, "running"),
      await device.waitForState(NEW, "running"),
    ];
    process.kill(main.pid ?? 0, "SIGTERM");
    await device.waitForState(MAIN, "exited");
    await killed(guard, "SIGKILL");
    process.kill(fresh.pid ?? 0, "SIGKILL");
    await device.startGuard();
    const again = await device.waitForState(NEW, "running", fresh.pid ?? 0);
    expect(again.exit).toBe("unknown");
    expect(await device.supervisor.statusOf(MAIN)).toMatchObject({ state: "exited", exit: "exit 0" });
  });

  it("starts through the symlink after a reboot; transient units are gone", async () => {
    const device = await createDevice();
    await device.addVersion("0.1.2", STEADY);
    const guard = await device.startGuard();
    await device.supervisor.startVersion("0.1.2");
    const main = await device.waitForState(MAIN, "running");
    const fresh = await device.waitForState(NEW, "running");
    await killed(guard, "SIGKILL");
    for (const pid of [main.pid, fresh.pid]) process.kill(pid ?? 0, "SIGKILL");
    const file = join(device.stateDir, "units.json");
    await writeFile(
      file,
      (await readFile(file, "utf8")).replace(/"boot_id": "[^"]*"/, '"boot_id": "another"'),
    );
    await device.startGuard();
    await device.waitForState(MAIN, "running");
    expect(await device.supervisor.statusOf(NEW)).toMatchObject({ state: "absent" });
  });

  it("starts as on a new device when its record is damaged", async () => {
    const device = await createDevice();
    const guard = await device.startGuard();
    const main = await device.waitForState(MAIN, "running");
    await killed(guard, "SIGKILL");
    process.kill(main.pid ?? 0, "SIGKILL");
    await writeFile(join(device.stateDir, "units.json"), "{ half");
    await device.startGuard();
    await device.waitForState(MAIN, "running");
    expect(await readFile(join(device.stateDir, "units.json.damaged"), "utf8")).toBe("{ half");
  });

  it("stops its agents cleanly on SIGTERM, and is followed as after a reboot", async () => {
    const device = await createDevice();
    await device.addVersion("0.1.2", STEADY);
    const guard = await device.startGuard();
    await device.supervisor.startVersion("0.1.2");
    const main = await device.waitForState(MAIN, "running");
    const fresh = await device.waitForState(NEW, "running");
    await killed(guard, "SIGTERM");
    expect(guard.exitCode).toBe(0);
    expect([identify(main.pid ?? 0), identify(fresh.pid ?? 0)]).toEqual([undefined, undefined]);
    await device.startGuard();
    await device.waitForState(MAIN, "running");
    expect(await device.supervisor.statusOf(NEW)).toMatchObject({ state: "absent" });
  });

  it("is refused while one is there", async () => {
    const device = await createDevice();
    await device.startGuard();
    const second = device.spawnGuard();
    const [said]: unknown[] = await once(second.stderr ?? second, "data");
    expect(String(said)).toContain("another guard already watches");
    await waitFor(() => second.exitCode === 1, { describe: "the second guard to exit with 1" });
    await device.waitForState(MAIN, "running");
  });
});

describe("the guard's command line", () => {
  it.each([
    { args: ["--state-dir", ""], says: "--state-dir is missing" },
    { args: ["--start-limit-burst", "0"], says: "--start-limit-burst 0: not a positive whole number" },
    { args: ["--nonsense"], says: "Unknown option '--nonsense'" },
  ])("$says", async ({ args, says }) => {
    const device = await createDevice();
    const guard = device.spawnGuard(...args);
    const [said]: unknown[] = await once(guard.stderr ?? guard, "data");
    expect(String(said)).toContain(says);
    await waitFor(() => guard.exitCode === 2, { describe: "exit code 2" });
  });
});
