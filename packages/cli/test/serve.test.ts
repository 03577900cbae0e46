import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectAs, newDeviceKey } from "@upgrade-ledger/nats";
import { waitFor } from "@upgrade-ledger/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "./run.ts";
import { startService } from "./service.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "upgrade-ledger-serve-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function natsPid(dataDir: string): Promise<number> {
  return Number(await readFile(join(dataDir, "nats", "nats-server.pid"), "utf8"));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe("serve", () => {
  it("says when it is ready, answers, and leaves nothing behind on SIGTERM", async () => {
    const dataDir = join(folder, "clean");
    const service = await startService(dataDir);
    expect((await fetch(`${service.url}/readyz`)).status).toBe(200);
    const pid = await natsPid(dataDir);
    const { code, stderr } = await service.end("SIGTERM");
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(isAlive(pid)).toBe(false);
  });

  it("ends with 0 on Ctrl-C", async () => {
    const service = await startService(join(folder, "clean"));
    expect(await service.end("SIGINT")).toMatchObject({ code: 0, signal: null });
  });

  it("keeps everything over kill -9, and stops the NATS server that was left over", async () => {
    const dataDir = join(folder, "killed");
    const first = await startService(dataDir);
    const env = { UPGRADE_LEDGER_SERVER: first.url };
    const added = await run(
      ["devices", "add", "pi-1", "--public-key", newDeviceKey().publicKey, "-o", "json"],
      env,
    );
    expect(added).toMatchObject({ code: 0 });
    const orphan = await natsPid(dataDir);
    expect((await first.end("SIGKILL")).signal).toBe("SIGKILL");
    expect(isAlive(orphan)).toBe(true);

    const second = await startService(dataDir);
    await waitFor(() => !isAlive(orphan), { describe: "the NATS server that was left over to be gone" });
    const events = await run(["events", "ls", "-o", "json"], { UPGRADE_LEDGER_SERVER: second.url });
    expect(JSON.parse(events.stdout)).toMatchObject([{ type: "enrolled", device_id: "pi-1" }]);
    expect((await second.end("SIGTERM")).code).toBe(0);
  });

  it("ends with 1 and a reason when its NATS server is lost", async () => {
    const dataDir = join(folder, "lost");
    const service = await startService(dataDir);
    process.kill(await natsPid(dataDir), "SIGKILL");
    const { code, stderr } = await service.running.finished;
    expect(code).toBe(1);
    expect(stderr).toContain("error: the embedded nats-server ended");
  });

  it("does not share a data folder", async () => {
    const dataDir = join(folder, "shared");
    const first = await startService(dataDir);
    const second = await run(["serve", "--data-dir", dataDir, "--http", "127.0.0.1:0", "--nats-port", "0"]);
    expect(second).toMatchObject({ code: 1 });
    expect(second.stderr).toContain("already runs");
    expect((await fetch(`${first.url}/livez`)).status).toBe(200);
    await first.end("SIGTERM");
  });

  it("runs parts of it against a server that is not its own", async () => {
    const dataDir = join(folder, "parts");
    const whole = await startService(dataDir);
    const secrets = JSON.parse(await readFile(join(dataDir, "nats", "secrets.json"), "utf8"));
    const part = await startService(join(folder, "unused"), ["--nats", whole.nats, "--roles", "api"], {
      UPGRADE_LEDGER_NATS_API_PASSWORD: secrets.api,
    });
    expect((await fetch(`${part.url}/readyz`)).status).toBe(200);
    const added = await run(["devices", "add", "pi-1", "--public-key", newDeviceKey().publicKey], {
      UPGRADE_LEDGER_SERVER: part.url,
    });
    expect(added.code).toBe(1);
    expect(added.stderr).toContain("enrolment_unavailable");
    await part.end("SIGTERM");
    await whole.end("SIGTERM");
  });

  it("lets devices in at servers that share their list of devices with it, as the compose file does", async () => {
    const dataDir = join(folder, "shared");
    const whole = await startService(dataDir);
    const secrets = JSON.parse(await readFile(join(dataDir, "nats", "secrets.json"), "utf8"));
    const part = await startService(join(folder, "unused"), ["--nats", whole.nats, "--roles", "api"], {
      UPGRADE_LEDGER_NATS_API_PASSWORD: secrets.api,
      UPGRADE_LEDGER_NATS_SYSTEM_PASSWORD: secrets.system,
      UPGRADE_LEDGER_NATS_DEVICES: join(dataDir, "nats", "devices"),
    });
    const key = newDeviceKey();
    const added = await run(["devices", "add", "pi-1", "--public-key", key.publicKey], {
      UPGRADE_LEDGER_SERVER: part.url,
    });
    expect(added.code).toBe(0);
    const device = await connectAs({ url: whole.nats, as: { deviceId: "pi-1", seed: key.seed } });
    await device.close();
    await part.end("SIGTERM");
    await whole.end("SIGTERM");
  });
});

describe("settings", () => {
  it("flags come before variables, variables before the file", async () => {
    const file = join(folder, "settings.toml");
    await writeFile(file, 'soak_ms = 1\nlog_level = "silent"\nroles = ["api"]\n');
    const service = await startService(
      join(folder, "settings"),
      ["--config", file, "--roles", "api,projector"],
      {
        UPGRADE_LEDGER_SOAK_MS: "2",
        UPGRADE_LEDGER_LOG_LEVEL: "info",
      },
    );
    expect(service.running.stdout()).toContain("Roles api, projector\n");
    expect(service.running.stderr()).toContain("created the streams");
    await service.end("SIGTERM");
  });

  it.each([
    { what: "a flag", args: ["--soak-ms", "soon"], env: {}, says: "--soak-ms: must be a whole number" },
    {
      what: "a variable",
      args: [],
      env: { UPGRADE_LEDGER_SOAK_MS: "-1" },
      says: "UPGRADE_LEDGER_SOAK_MS: must be at least 1",
    },
    { what: "a role", args: ["--roles", "api,cook"], env: {}, says: "--roles:" },
    { what: "an address", args: ["--http", "8080"], env: {}, says: "--http: must be <host>:<port>" },
    {
      what: "a file that is not there",
      args: ["--config", "/nowhere.toml"],
      env: {},
      says: "/nowhere.toml cannot be read",
    },
  ])("refuses $what that does not fit", async ({ args, env, says }) => {
    const { code, stderr } = await run(["serve", ...args], env);
    expect(code).toBe(2);
    expect(stderr).toContain(says);
  });

  it("refuses a key in the file that is none", async () => {
    const file = join(folder, "wrong.toml");
    await writeFile(file, "soak = 1\n");
    const { code, stderr } = await run(["serve", "--config", file]);
    expect(code).toBe(2);
    expect(stderr).toContain(`soak in ${file}: is no setting`);
  });

  it("refuses to listen where others can reach it", async () => {
    const { code, stderr } = await run([
      "serve",
      "--data-dir",
      join(folder, "open"),
      "--nats-port",
      "0",
      "--http",
      "0.0.0.0:0",
    ]);
    expect(code).toBe(1);
    expect(stderr).toContain("no API keys yet");
  });
});
