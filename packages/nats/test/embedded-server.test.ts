import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { build } from "esbuild";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { connectAs, newDeviceKey, provisionEmbedded, startNatsServer } from "@upgrade-ledger/nats";
import type { NatsServer, NatsServerOptions } from "@upgrade-ledger/nats";
import { waitFor } from "@upgrade-ledger/testkit";

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function append(server: NatsServer, subject: string): Promise<number> {
  const api = await connectAs({ url: server.url, as: server.credentials("api") });
  const { seq } = await jetstream(api).publish(subject, "{}");
  await api.close();
  return seq;
}

describe("the embedded server", () => {
  let dataDir: string;
  const servers: NatsServer[] = [];

  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), "upgrade-ledger-server-"));
  });
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.stop()));
    await rm(dataDir, { recursive: true, force: true });
  });

  async function start(options: Partial<NatsServerOptions> = {}): Promise<NatsServer> {
    const server = await startNatsServer({ dataDir, ...options });
    servers.push(server);
    return server;
  }

  it("listens on loopback only, with passwords made once and readable by their owner alone", async () => {
    const first = await start();
    expect(first.url).toMatch(/^nats:\/\/127\.0\.0\.1:\d+$/);
    const password = first.credentials("operator").password;
    await first.stop();
    const second = await start();
    expect(second.credentials("operator").password).toBe(password);
    expect((await stat(join(dataDir, "nats", "secrets.json"))).mode & 0o777).toBe(0o600);
    expect((await stat(join(dataDir, "nats"))).mode & 0o077).toBe(0);
  });

  it("syncs every append to the disk by default", async () => {
    const configuration = await readFile(`/proc/${(await start()).pid}/environ`, "utf8");
    expect(configuration.split("\0")).toContain("UPGRADE_LEDGER_NATS_SYNC_INTERVAL=always");
  });

  it("keeps the ledger when it is killed and started again", async () => {
    const first = await start();
    await provisionEmbedded(first);
    await append(first, "operator-cmd.d1.desired-version");
    await first.kill();
    expect(isAlive(first.pid)).toBe(false);
    expect(await append(await start(), "operator-cmd.d1.desired-version")).toBe(2);
  });

  it("provisions itself with room that the disk has, and keeps it", async () => {
    const server = await start();
    expect((await provisionEmbedded(server)).created).toContain("UPGRADE_LEDGER");
    expect((await provisionEmbedded(server)).updated).toEqual([]);
    const api = await connectAs({ url: server.url, as: server.credentials("api") });
    const { config } = await (await jetstreamManager(api)).streams.info("UPGRADE_LEDGER");
    expect(config.max_bytes).toBeGreaterThan(0);
    expect(config.max_bytes).toBeLessThanOrEqual(8 * 1024 ** 3);
    await api.close();
  });

  it("stops a server that a killed service left behind, and goes on with its data", async () => {
    const program = join(dataDir, "service.mjs");
    await build({
      entryPoints: [join(import.meta.dirname, "service-to-kill.ts")],
      outfile: program,
      bundle: true,
      platform: "node",
      format: "esm",
      conditions: ["source"],
      banner: {
        js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
      },
    });
    const service = spawn(process.execPath, [program, dataDir], {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, UPGRADE_LEDGER_HOME: join(import.meta.dirname, "..", "..", "..") },
    });
    const [line] = (await once(service.stdout.setEncoding("utf8"), "data")) as [string];
    const orphan = Number(line.trim());
    service.kill("SIGKILL");
    await once(service, "exit");
    expect(isAlive(orphan)).toBe(true);

    await start();
    await waitFor(async () => !(await isRunning(orphan)), { describe: "the orphan to be gone" });
  });

  it("leaves a process alone that only has the orphan's pid", async () => {
    const bystander = spawn("sleep", ["60"]);
    await start().then((server) => server.stop());
    await writeFile(join(dataDir, "nats", "nats-server.pid"), String(bystander.pid));
    await start();
    expect(bystander.exitCode ?? bystander.signalCode).toBeNull();
    bystander.kill();
  });

  it("refuses a data folder that another living service uses", async () => {
    const other = spawn("sleep", ["60"]);
    await start().then((server) => server.stop());
    const startedAt = (await readFile(`/proc/${other.pid}/stat`, "utf8")).split(" ")[21];
    await writeFile(join(dataDir, "nats", "owner.json"), JSON.stringify({ pid: other.pid, startedAt }));
    await expect(start()).rejects.toThrow(`Process ${other.pid} already runs a NATS server`);
    other.kill();
  });

  it("takes the folder of a service that has ended as a zombie: nobody has asked how it ended", async () => {
    await start().then((server) => server.stop());
    // The shell becomes a program that never waits for its child.
    const parent = spawn("sh", ["-c", "sleep 0 & echo $!; exec sleep 60"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line]: unknown[] = await once(parent.stdout.setEncoding("utf8"), "data");
    const pid = Number(String(line).trim());
    const fields = async () => (await readFile(`/proc/${pid}/stat`, "utf8")).split(" ");
    await waitFor(async () => (await fields())[2] === "Z", { describe: "the child to be a zombie" });
    const startedAt = (await fields())[21];
    await writeFile(join(dataDir, "nats", "owner.json"), JSON.stringify({ pid, startedAt }));
    expect((await start()).pid).toBeGreaterThan(0);
    parent.kill();
  });

  it("says so when its port is taken, with the end of the server's log", async () => {
    const listener = createServer().listen(0, "127.0.0.1");
    await once(listener, "listening");
    const address = listener.address();
    const port = typeof address === "object" && address ? address.port : 0;
    await expect(start({ port })).rejects.toThrow(/did not start.*address already in use/s);
    listener.close();
  });

  it("says what is wrong with a program that is no nats-server", async () => {
    await expect(start({ binary: "/bin/true" })).rejects.toThrow(
      "binary names /bin/true, which does not run as a nats-server",
    );
  });

  it("tells when the server ends by itself, and not when it is stopped", async () => {
    const onUnexpectedExit = vi.fn<(exit: unknown) => void>();
    const stopped = await start({ onUnexpectedExit });
    await stopped.stop();
    expect(onUnexpectedExit).not.toHaveBeenCalled();
    const failing = await start({ onUnexpectedExit });
    process.kill(failing.pid, "SIGKILL");
    await waitFor(() => onUnexpectedExit.mock.calls.length === 1, { describe: "the report of the exit" });
    expect(onUnexpectedExit).toHaveBeenCalledWith(expect.objectContaining({ signal: "SIGKILL" }));
  });

  it("registers devices while others stay connected, also many at once, and knows them after a restart", async () => {
    const keys = new Map(["d1", "d2", "d3", "d4"].map((deviceId) => [deviceId, newDeviceKey()]));
    const user = (deviceId: string) => ({ deviceId, publicKey: keys.get(deviceId)?.publicKey ?? "" });
    const identity = (deviceId: string) => ({ deviceId, seed: keys.get(deviceId)?.seed ?? "" });
    const server = await start({ devices: [user("d1")] });
    await provisionEmbedded(server);
    const first = await connectAs({ url: server.url, as: identity("d1") });
    const statuses: string[] = [];
    const watching = (async () => {
      for await (const status of first.status()) statuses.push(status.type);
    })();

    await Promise.all(["d2", "d3", "d4"].map((deviceId) => server.addDevice(user(deviceId))));
    for (const deviceId of ["d2", "d3", "d4"]) {
      const connection = await connectAs({ url: server.url, as: identity(deviceId) });
      await jetstream(connection).publish(`device-state.${deviceId}.upgrade`, "{}");
      await connection.close();
    }
    expect((await jetstream(first).publish("device-state.d1.upgrade", "{}")).seq).toBe(4);
    await first.close();
    await watching;
    expect(statuses).toEqual(["close"]);

    await server.stop();
    const again = await start();
    const reconnected = await connectAs({ url: again.url, as: identity("d3") });
    const manager = await jetstreamManager(reconnected, { checkAPI: false });
    const last = await manager.direct.getMessage("UPGRADE_LEDGER", {
      last_by_subj: "device-state.d3.upgrade",
    });
    expect(last?.seq).toBeGreaterThan(0);
    await reconnected.close();
  });

  it("cuts off a device that is removed", async () => {
    const key = newDeviceKey();
    const server = await start({ devices: [{ deviceId: "d1", publicKey: key.publicKey }] });
    const device = await connectAs({ url: server.url, as: { deviceId: "d1", seed: key.seed } });
    const disconnected = (async () => {
      for await (const status of device.status()) if (status.type === "disconnect") return true;
      return false;
    })();
    await server.removeDevice("d1");
    expect(await disconnected).toBe(true);
    await expect(connectAs({ url: server.url, as: { deviceId: "d1", seed: key.seed } })).rejects.toThrow(
      /authorization/i,
    );
    await device.close();
  });

  it.each([
    ["d 1", newDeviceKey().publicKey, /not a device id/],
    ["d1.>", newDeviceKey().publicKey, /not a device id/],
    ["d1", "SUAM", /not a public user NKey/],
    ["d1", 'U" } users: [', /not a public user NKey/],
  ])("does not let device %j with key %j into its configuration", async (deviceId, publicKey, message) => {
    const server = await start();
    await expect(server.addDevice({ deviceId, publicKey })).rejects.toThrow(message);
  });
});

async function isRunning(pid: number): Promise<boolean> {
  const commandLine = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  return commandLine !== "";
}
