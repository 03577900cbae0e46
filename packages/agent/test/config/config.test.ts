// The configuration: every fault is named by line or key (spec §9).
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { ConfigError, loadConfig } from "../../src/config/load.ts";
import { configKeys, variableOf } from "../../src/config/schema.ts";
import { tempFolder } from "../temp-folder.ts";

const GOOD = `
device_id = "pi-0042"
[nats]
url = "nats://127.0.0.1:4222"
seed_file = "/etc/fleet-agent/device.nk"
`;

async function load(text: string, env: NodeJS.ProcessEnv = {}) {
  const file = join(await tempFolder(), "agent.toml");
  await writeFile(file, text);
  return { file, read: () => loadConfig(file, env) };
}

it("fills in the defaults of the specification", async () => {
  const { file, read } = await load(GOOD);
  const { path, config } = read();
  expect(path).toBe(file);
  expect(config).toMatchObject({
    prefix: "/usr",
    heartbeat: { interval_ms: 10_000 },
    upgrade: { enabled: true, heartbeat_timeout_ms: 60_000, staging_deadline_ms: 7_200_000 },
    supervisor: { kind: "process" },
  });
});

it.each([
  ["a line that is no TOML", 'device_id = "x\n', /agent\.toml:1:/],
  ["an unknown key", `${GOOD}[upgrade]\nenable = false\n`, /upgrade\.enable: unknown key/],
  [
    "a missing key",
    'device_id = "pi"\n[nats]\nurl = "nats://a:1"\n',
    /nats\.seed_file: .*FLEET_AGENT_NATS_SEED_FILE/,
  ],
  ["a malformed device id", GOOD.replace("pi-0042", "Pi_42"), /device_id: must be one RFC 1123 label/],
  ["a number out of range", `${GOOD}[heartbeat]\ninterval_ms = 0\n`, /heartbeat\.interval_ms: /],
  ["a relative path", `state_dir = "state"${GOOD}`, /state_dir: must be an absolute path/],
  [
    "a backoff whose bounds are swapped",
    `${GOOD}[upgrade]\nstaging_backoff_min_ms = 10\nstaging_backoff_max_ms = 5\n`,
    /staging_backoff_min_ms: must not exceed/,
  ],
])("names %s", async (_, text, message) => {
  const { read } = await load(text);
  expect(read).toThrow(ConfigError);
  expect(read).toThrow(message);
});

it("says which file cannot be read, and finds it through the environment", async () => {
  expect(() => loadConfig(undefined, { FLEET_AGENT_CONFIG: "/nowhere/agent.toml" })).toThrow(
    /nowhere\/agent\.toml/,
  );
});

it("lets the environment override every key, typed as in TOML", async () => {
  const { read } = await load(GOOD, {
    FLEET_AGENT_NATS_URL: "nats://elsewhere:4222",
    FLEET_AGENT_UPGRADE_ENABLED: "false",
    FLEET_AGENT_UPGRADE_TRUSTED_KEYS: '["RWabc"]',
    FLEET_AGENT_HEARTBEAT_INTERVAL_MS: "250",
    FLEET_AGENT_LABELS: '{ site = "lab" }',
  });
  expect(read().config).toMatchObject({
    nats: { url: "nats://elsewhere:4222" },
    upgrade: { enabled: false, trusted_keys: ["RWabc"] },
    heartbeat: { interval_ms: 250 },
    labels: { site: "lab" },
  });
  const wrong = await load(GOOD, { FLEET_AGENT_HEARTBEAT_INTERVAL_MS: "soon" });
  expect(wrong.read).toThrow(/heartbeat\.interval_ms: .*FLEET_AGENT_HEARTBEAT_INTERVAL_MS/);
});

it("every key and its variable are documented in docs/agent.md", async () => {
  const text = await readFile(new URL("../../../../docs/agent.md", import.meta.url), "utf8");
  for (const key of configKeys()) {
    expect(text).toContain(`\`${key}\``);
    expect(variableOf(key)).toMatch(/^FLEET_AGENT_[A-Z_]+$/);
  }
});
