// The command line, as a built program against a real broker and without one.
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newDeviceKey } from "@upgrade-ledger/nats";
import { type LedgerServer, startLedgerServer, waitFor } from "@upgrade-ledger/testkit";
import { stringify } from "smol-toml";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { buildAgent } from "../../../../scripts/build-agent.mjs";
import { askAll } from "../../src/socket/status-socket.ts";
import { tempFolder } from "../temp-folder.ts";

let server: LedgerServer;
let folder: string;
let binary: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fleet-agent-cli-"));
  server = await startLedgerServer();
  binary = (await buildAgent({ version: "0.1.2+sha.9f", outDir: folder })).path;
});
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});

async function device(deviceId: string, url = server.url) {
  const root = await tempFolder();
  const { seed } = await server.registerDevice(deviceId);
  const seedFile = join(root, "device.nk");
  const config = join(root, "agent.toml");
  const stateDir = join(root, "state");
  await writeFile(seedFile, seed, { mode: 0o600 });
  await writeFile(
    config,
    stringify({
      device_id: deviceId,
      prefix: join(root, "usr"),
      state_dir: stateDir,
      nats: { url, seed_file: seedFile },
      heartbeat: { interval_ms: 200 },
    }),
  );
  return { config, stateDir, seedFile };
}

function start(args: readonly string[]) {
  const child = spawn(process.execPath, [binary, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const output = { out: "", err: "" };
  child.stdout.on("data", (chunk: Buffer) => (output.out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output.err += chunk.toString()));
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  const ended = new Promise<{ code: number | null; out: string; err: string }>((resolve) => {
    child.once("close", (code) => resolve({ code, ...output }));
  });
  return { child, ended };
}

const run = (...args: string[]) => start(args).ended;

it("says its version, with its build metadata", async () => {
  expect(await run("--version")).toMatchObject({ code: 0, out: "fleet-agent 0.1.2+sha.9f\n" });
});

it("the self-test ends with ok, and changes nothing", async () => {
  const { config, stateDir } = await device("cli-1");
  const { code, out } = await run("--self-test", "--config", config);
  expect(code).toBe(0);
  expect(out.trim().split("\n").at(-1)).toBe("fleet-agent 0.1.2+sha.9f ok");
  await expect(stat(stateDir)).rejects.toThrow("ENOENT");
});

it("the self-test fails without a broker, with a key that the broker does not know, and with a broken configuration", async () => {
  const alone = await device("cli-2", "nats://127.0.0.1:1");
  expect(await run("--self-test", "--config", alone.config)).toMatchObject({
    code: 1,
    err: expect.stringContaining("Cannot connect to nats://127.0.0.1:1 as cli-2"),
  });
  const stranger = await device("cli-3");
  await writeFile(stranger.seedFile, newDeviceKey().seed);
  expect(await run("--self-test", "--config", stranger.config)).toMatchObject({ code: 1, out: "" });
  await writeFile(stranger.config, "device_id = 5\n");
  expect(await run("--self-test", "--config", stranger.config)).toMatchObject({
    code: 2,
    err: expect.stringContaining("device_id"),
  });
});

it("checks a configuration, makes a key once, and refuses what it does not know", async () => {
  const { config } = await device("cli-4");
  expect(await run("config", "check", "--config", config)).toMatchObject({ code: 0, out: `${config}: ok\n` });
  const seedFile = join(await tempFolder(), "new.nk");
  const made = await run("keygen", "--out", seedFile);
  expect(made.out).toMatch(/^U[A-Z2-7]{55}\n$/);
  expect((await stat(seedFile)).mode & 0o777).toBe(0o600);
  const seed = await readFile(seedFile, "utf8");
  expect((await run("keygen", "--out", seedFile)).code).toBe(1);
  expect(await readFile(seedFile, "utf8")).toBe(seed);
  expect((await run("rnu")).code).toBe(2);
});

it("runs without a broker, refuses a second one of its version, shows its status, and ends cleanly on SIGTERM", async () => {
  const { config, stateDir } = await device("cli-5", "nats://127.0.0.1:1");
  const first = start(["run", "--config", config]);
  const [status] = await waitFor(
    async () => {
      const all = await askAll(stateDir);
      return all.length === 1 && all[0]?.active ? all : undefined;
    },
    { describe: "the agent to be the active one" },
  );
  expect(status).toMatchObject({ version: "0.1.2+sha.9f", agent_state: "running", connected: false });
  expect(await run("run", "--config", config)).toMatchObject({
    code: 4,
    err: expect.stringContaining("another agent of version 0.1.2+sha.9f is alive on this device"),
  });
  const shown = await run("status", "--config", config, "-o", "json");
  expect(JSON.parse(shown.out)).toMatchObject({
    device_id: "cli-5",
    upgrade: null,
    instances: [{ pid: first.child.pid }],
  });
  first.child.kill("SIGTERM");
  expect((await first.ended).code).toBe(0);
  expect(await askAll(stateDir)).toEqual([]);
});
