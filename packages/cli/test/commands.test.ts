import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectAs, newDeviceKey } from "@upgrade-ledger/nats";
import { waitFor } from "@upgrade-ledger/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { type Finished, run, start } from "./run.ts";
import { startService, type TestService } from "./service.ts";

let folder: string;
let service: TestService;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "upgrade-ledger-commands-"));
  service = await startService(join(folder, "data"));
  const key = newDeviceKey();
  await cli("devices", "add", "pi-1", "--public-key", key.publicKey, "--reason", "first");
  const nc = await connectAs({ url: service.nats, as: { deviceId: "pi-1", seed: key.seed } });
  const beat = {
    device_id: "pi-1",
    instance_id: "one",
    current_version: "0.1.1",
    agent_state: "running",
    interval_ms: 10_000,
    sent_at: new Date().toISOString(),
  };
  nc.publish("device-heartbeat.pi-1.one", JSON.stringify(beat));
  await nc.flush();
  await nc.close();
  await waitFor(async () => (await cli("devices", "ls")).stdout.includes("0.1.1"), {
    describe: "the device to be seen",
  });
});
afterAll(async () => {
  await service.end("SIGTERM");
  await rm(folder, { recursive: true, force: true });
});

function cli(...args: string[]): Promise<Finished> {
  return run(args, { UPGRADE_LEDGER_SERVER: service.url });
}

describe("results", () => {
  it("devices ls: tab-separated in a pipe, without header and colour", async () => {
    const { code, stdout, stderr } = await cli("devices", "ls");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^pi-1\tup-to-date\t0\.1\.1\t-\trunning\t\d+ s\t\n$/);
  });

  it("devices ls -o json, and an empty list", async () => {
    expect(JSON.parse((await cli("devices", "ls", "-o", "json")).stdout)).toMatchObject([
      { device_id: "pi-1" },
    ]);
    const none = await cli("devices", "ls", "--status", "failed", "-o", "json");
    expect(none).toMatchObject({ code: 0, stdout: "[]\n" });
  });

  it("colours only when they are forced, never with NO_COLOR or --no-color", async () => {
    const env = { UPGRADE_LEDGER_SERVER: service.url, FORCE_COLOR: "1" };
    const escape = String.fromCharCode(27);
    expect((await run(["devices", "show", "pi-1"], env)).stdout).toContain(escape);
    expect((await run(["devices", "show", "pi-1", "--no-color"], env)).stdout).not.toContain(escape);
    expect((await run(["devices", "show", "pi-1"], { ...env, NO_COLOR: "1" })).stdout).not.toContain(escape);
  });

  it("devices show and history", async () => {
    const show = await cli("devices", "show", "pi-1");
    expect(show.stdout).toMatch(/status +up-to-date\nversion +0\.1\.1\n/);
    const history = await cli("devices", "history", "pi-1", "-o", "json");
    expect(JSON.parse(history.stdout)).toMatchObject({
      versions: [{ version: "0.1.1", to: null }],
      upgrades: [],
    });
  });

  it("artifacts publish uploads, and upgrade asks", async () => {
    const file = join(folder, "fleet-agent-v0.1.2");
    await writeFile(file, "#!/usr/bin/env node\n");
    const unsigned = await cli("artifacts", "publish", file);
    expect(unsigned).toMatchObject({ code: 3 });
    expect(unsigned.stderr).toContain(".minisig cannot be read");
    await writeFile(
      `${file}.minisig`,
      "untrusted comment: x\nRUQ=\ntrusted comment: file:fleet-agent-v0.1.2\nAA==\n",
    );
    const published = await cli("artifacts", "publish", file);
    expect(published).toMatchObject({ code: 0 });
    expect(published.stdout).toContain("nats://agent-artifacts/fleet-agent-v0.1.2-any");
    expect((await cli("artifacts", "ls")).stdout).toMatch(/^0\.1\.2\tany\t20\t[0-9a-f]{64}\t/);

    const asked = await cli("upgrade", "pi-1", "0.1.2", "--reason", "test", "-o", "json");
    expect(asked).toMatchObject({ code: 0 });
    const { upgrade_id: id } = z.looseObject({ upgrade_id: z.string() }).parse(JSON.parse(asked.stdout));
    const events = await cli("events", "ls", "--type", "desired-version", "-o", "json");
    expect(JSON.parse(events.stdout)).toMatchObject([{ upgrade_id: id, payload: { reason: "test" } }]);
    const cancelled = await cli("upgrade", "pi-1", "--cancel", "--reason", "test");
    expect(cancelled.stdout).toContain(id);
  });

  it("events tail follows, and ends quietly on Ctrl-C", async () => {
    const tail = start(["events", "tail", "-o", "json"], { UPGRADE_LEDGER_SERVER: service.url });
    await waitFor(() => tail.stdout().includes('"enrolled"'), { describe: "the present events" });
    await cli("devices", "add", "pi-2", "--public-key", newDeviceKey().publicKey);
    await waitFor(() => tail.stdout().includes('"pi-2"'), { describe: "the new event" });
    tail.child.kill("SIGINT");
    const { code, stdout, stderr } = await tail.finished;
    expect({ code, stderr }).toEqual({ code: 130, stderr: "" });
    const seqs = stdout
      .trim()
      .split("\n")
      .map((line) => z.looseObject({ seq: z.number() }).parse(JSON.parse(line)).seq);
    expect(seqs).toEqual(seqs.map((_, index) => index + 1));
  });

  it("a reader that has had enough is no failure", async () => {
    const main = new URL("../dist/main.js", import.meta.url).pathname;
    const shell = spawn("sh", ["-c", `"${process.execPath}" "${main}" events ls -o json | head -c 1; echo`], {
      env: { ...process.env, UPGRADE_LEDGER_SERVER: service.url },
      stdio: ["ignore", "ignore", "pipe"],
    });
    let stderr = "";
    shell.stderr.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
    await once(shell, "close");
    expect(stderr).toBe("");
  });
});

describe("failures", () => {
  it.each([
    {
      args: ["devices", "show", "nobody"],
      code: 3,
      says: "error: No device nobody has been seen.\nhint: No such device (device_unknown",
    },
    { args: ["devices", "show", "No_Body"], code: 2, says: "error: device_id: must be one RFC 1123 label" },
    {
      args: ["upgrade", "pi-1", "9.9.9", "--reason", "x"],
      code: 1,
      says: "error: The catalogue has no artifact of version 9.9.9",
    },
    { args: ["upgrade", "pi-1", "--reason", "x"], code: 2, says: "error: give either a version or --cancel" },
    {
      args: ["upgrade", "pi-1", "0.1.2"],
      code: 2,
      says: "error: required option '--reason <text>' not specified",
    },
    { args: ["devcies"], code: 2, says: "Did you mean devices?" },
    { args: ["devices", "lss"], code: 2, says: "Did you mean ls?" },
    { args: ["devices", "ls", "--stauts", "failed"], code: 2, says: "Did you mean --status?" },
    { args: ["devices", "ls", "-o", "yaml"], code: 2, says: "Allowed choices are table, json" },
    { args: ["devices", "ls", "--limit", "0"], code: 2, says: "whole number from 1" },
    { args: ["devices", "ls", "--server", "nonsense"], code: 2, says: "is not an address" },
    { args: ["devices", "ls", "--server", "http://127.0.0.1:1"], code: 6, says: "does not answer" },
    { args: ["artifacts", "publish", "/nowhere/fleet-agent-v1.0.0"], code: 3, says: "cannot be read" },
    { args: ["artifacts", "publish", "/etc/hostname"], code: 2, says: "does not say its version" },
    {
      args: ["provision", "--nats", "nats://127.0.0.1:1"],
      code: 1,
      says: "UPGRADE_LEDGER_NATS_PROVISIONING_PASSWORD",
    },
  ])("$args: $code", async ({ args, code, says }) => {
    const finished = await cli(...args);
    expect(finished.stderr).toContain(says);
    expect(finished).toMatchObject({ code, stdout: "" });
  });

  it("-o json makes them problems", async () => {
    const missing = await cli("devices", "show", "nobody", "-o", "json");
    expect(missing).toMatchObject({ code: 3, stdout: "" });
    expect(JSON.parse(missing.stderr)).toMatchObject({ code: "device_unknown", status: 404 });
    const usage = await cli("devices", "ls", "--nonsense", "-o", "json");
    expect(JSON.parse(usage.stderr)).toMatchObject({ code: "usage" });
  });
});

describe("help", () => {
  const COMMANDS = [
    [],
    ["serve"],
    ["devices"],
    ["devices", "ls"],
    ["devices", "show"],
    ["devices", "history"],
    ["devices", "add"],
    ["upgrade"],
    ["events"],
    ["events", "ls"],
    ["events", "tail"],
    ["replay"],
    ["why"],
    ["diff"],
    ["export"],
    ["artifacts"],
    ["artifacts", "publish"],
    ["artifacts", "ls"],
    ["provision"],
    ["doctor"],
  ];

  it.each(COMMANDS.map((command) => [command]))("%j --help has examples", async (command) => {
    const { code, stdout, stderr } = await run([...command, "--help"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("Examples:\n  $ upgrade-ledger ");
  });

  it("--version says it", async () => {
    expect(await run(["--version"])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
  });
});

describe("doctor", () => {
  it("finds nothing wrong with a running service", async () => {
    const { code, stdout } = await cli("doctor", "--data-dir", join(folder, "data"));
    expect({ code, stdout }).toMatchObject({ code: 0 });
    expect(stdout).toMatch(/^ok +node: Node/m);
    expect(stdout).toMatch(/^ok +streams: as defined/m);
    expect(stdout).not.toContain("problem");
  });

  it("says what is wrong, and what to do about it", async () => {
    const nowhere = join(folder, "nothing");
    const args = ["doctor", "--server", "http://127.0.0.1:1", "--data-dir", nowhere, "-o", "json"];
    const { code, stdout } = await run(args);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject([
      { name: "node", state: "ok" },
      { name: "nats-server", state: "ok" },
      { name: "data dir", state: "ok" },
      { name: "service", state: "problem", remedy: expect.stringContaining("upgrade-ledger serve") },
      { name: "streams", state: "skipped" },
    ]);
  });
});
