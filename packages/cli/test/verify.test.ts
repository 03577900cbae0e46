import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jetstream } from "@nats-io/jetstream";
import { connectAs, newDeviceKey } from "@upgrade-ledger/nats";
import { waitFor } from "@upgrade-ledger/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "./run.ts";
import { startService, type TestService } from "./service.ts";

let folder: string;
let dataDir: string;
let service: TestService;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "upgrade-ledger-verify-"));
  dataDir = join(folder, "data");
  service = await startService(dataDir, ["--checkpoint-every-ms", "20"]);
  for (const device of ["pi-1", "pi-2"]) {
    const env = { UPGRADE_LEDGER_SERVER: service.url };
    await run(["devices", "add", device, "--public-key", newDeviceKey().publicKey], env);
  }
  await waitFor(async () => /up to sequence 2\n/.test(await checkpointLine()), {
    describe: "a checkpoint of both events",
  });
});
afterAll(async () => {
  await service.end("SIGTERM");
  await rm(folder, { recursive: true, force: true });
});

async function checkpointLine(): Promise<string> {
  const state = join(folder, "first.json");
  const { stdout } = await run(["verify", "--data-dir", dataDir, "--state", state]);
  return /^checkpoints .*\n/m.exec(stdout)?.[0] ?? "";
}

const verify = (...args: string[]) => run(["verify", "--data-dir", dataDir, ...args]);

describe("verify", () => {
  it("ends with 0 where nothing is wrong, and keeps what it saw", async () => {
    const { code, stdout, stderr } = await verify();
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("nothing is altered, inserted, moved or missing");
    expect(JSON.parse(await readFile(join(dataDir, "verify.json"), "utf8"))).toMatchObject({
      size: 2,
      last_seq: 2,
    });
    const again = await verify("pi-1", "-o", "json");
    expect(again).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse(again.stdout)).toMatchObject({
      ok: true,
      device_id: "pi-1",
      events: 2,
      last_seen: { size: 2 },
    });
  });

  it("audits a server that is not embedded", async () => {
    const { api } = JSON.parse(await readFile(join(dataDir, "nats", "secrets.json"), "utf8"));
    const state = join(folder, "elsewhere", "state.json");
    const args = [
      "verify",
      "--nats",
      service.nats,
      "--data-dir",
      folder,
      "--state",
      state,
      "--no-projections",
    ];
    expect(await run(args)).toMatchObject({ code: 4, stderr: expect.stringContaining("NATS_API_PASSWORD") });
    const { code, stdout } = await run([...args, "-o", "json"], { UPGRADE_LEDGER_NATS_API_PASSWORD: api });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: true,
      projections: null,
      state_file: state,
      last_seen: null,
    });
  });

  it("ends with 5 and says what is wrong when the ledger is shorter than it was, and keeps what it saw", async () => {
    const state = join(folder, "longer.json");
    const seen = JSON.parse(await readFile(join(dataDir, "verify.json"), "utf8"));
    const text = JSON.stringify({ ...seen, size: 9, last_seq: 9 });
    await writeFile(state, text);
    const { code, stdout, stderr } = await verify("--state", state, "-o", "json");
    expect(code).toBe(5);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, findings: [{ code: "ledger_shorter", seq: 2 }] });
    expect(JSON.parse(stderr)).toMatchObject({ code: "integrity" });
    expect(await readFile(state, "utf8")).toBe(text);
  });

  it("ends with 5 when a stored projection is not what the ledger gives", async () => {
    const { operator } = JSON.parse(await readFile(join(dataDir, "nats", "secrets.json"), "utf8"));
    const nc = await connectAs({ url: service.nats, as: { role: "operator", password: operator } });
    await jetstream(nc).publish("$KV.upgrade-devices.pi-2", "{}");
    await nc.close();
    const found = await waitFor(async () => (await verify()).stdout, { describe: "the report" });
    expect(found).toMatch(/projection_(missing|differs) seq 2 pi-2: document pi-2 of the device projection/);
    expect((await verify()).code).toBe(5);
  });

  it("says what it cannot do", async () => {
    expect(await run(["verify", "--data-dir", folder])).toMatchObject({ code: 6 });
    expect(await verify("Not A Device")).toMatchObject({ code: 2 });
    expect(await verify("--key", join(folder, "nowhere"))).toMatchObject({ code: 3 });
    await writeFile(join(folder, "odd"), "odd");
    expect(await verify("--key", join(folder, "odd"))).toMatchObject({ code: 2 });
    expect(await verify("--state", join(folder, "odd"))).toMatchObject({ code: 2 });
  });
});
