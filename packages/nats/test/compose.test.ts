import { execFile } from "node:child_process";
import { access, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { beforeAll, describe, expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "..", "..", "..");
const COMPOSE = join(ROOT, ".cache", "test-tools", "docker-compose");
const SECRETS = ["OPERATOR", "API", "PROVISIONING", "SYSTEM", "CLUSTER"].map(
  (name) => `UPGRADE_LEDGER_NATS_${name}_PASSWORD`,
);
const NODES = ["nats-1", "nats-2", "nats-3"];

interface Service {
  environment?: Record<string, string>;
  volumes?: { source: string; target: string; read_only?: boolean }[];
  command?: string[];
  ports?: { host_ip?: string }[];
}

/** docker-compose's own check of a file against the compose specification, which needs no container engine. */
async function config(file: string, secrets: readonly string[]): Promise<Record<string, Service>> {
  const env = {
    PATH: process.env["PATH"] ?? "",
    ...Object.fromEntries(secrets.map((name) => [name, "secret"])),
  };
  const { stdout } = await promisify(execFile)(
    COMPOSE,
    ["--file", file, "--env-file", "/dev/null", "config", "--format", "json"],
    { cwd: ROOT, env },
  );
  return (JSON.parse(stdout) as { services: Record<string, Service> }).services;
}

describe("docker-compose.yml", () => {
  let services: Record<string, Service>;

  beforeAll(async () => {
    await access(COMPOSE).catch(() => {
      throw new Error("docker-compose is missing: run `node scripts/setup.mjs --test`, which brings it.");
    });
    services = await config("docker-compose.yml", SECRETS);
  });

  it("is valid by the compose specification, and has three nodes and a service", () => {
    expect(Object.keys(services)).toEqual(expect.arrayContaining([...NODES, "provision", "service"]));
  });

  it("is really checked: a misspelt field is refused", async () => {
    const folder = await mkdtemp(join(tmpdir(), "upgrade-ledger-compose-"));
    const text = await readFile(join(ROOT, "docker-compose.yml"), "utf8");
    await writeFile(join(folder, "wrong.yml"), text.replace("restart:", "restarts:"));
    await expect(config(join(folder, "wrong.yml"), SECRETS)).rejects.toThrow(/restarts.*not allowed/);
    await rm(folder, { recursive: true });
  });

  it.each(SECRETS)("does not start without %s, and says what to do", async (missing) => {
    const others = SECRETS.filter((name) => name !== missing);
    await expect(config("docker-compose.yml", others)).rejects.toThrow(
      new RegExp(`${missing}.*compose-env`, "s"),
    );
  });

  it.each(NODES)("gives %s every file and every variable that its configuration names", async (name) => {
    const mounts = services[name]?.volumes ?? [];
    const mountedAs = (target: string) => mounts.find((mount) => mount.target === target);
    const variables = new Set<string>();
    for (const file of ["cluster.conf", "accounts.conf"]) {
      const mount = mountedAs(`/etc/nats/${file}`);
      expect(mount).toMatchObject({ source: join(ROOT, "deploy", "nats", file), read_only: true });
      const text = await readFile(mount?.source ?? "", "utf8");
      for (const [, variable] of text.matchAll(/\$(UPGRADE_LEDGER_[A-Z0-9_]+)/g))
        variables.add(variable ?? "");
    }
    variables.delete("UPGRADE_LEDGER_NATS_"); // of the comment that explains them
    expect(mountedAs("/etc/nats/devices")).toBeDefined();
    expect(Object.keys(services[name]?.environment ?? {}).toSorted()).toEqual([...variables].toSorted());
  });

  it("gives the provisioning identity to the set-up command alone", () => {
    expect(services["service"]?.environment).not.toHaveProperty("UPGRADE_LEDGER_NATS_PROVISIONING_PASSWORD");
    expect(services["provision"]?.environment).toHaveProperty("UPGRADE_LEDGER_NATS_PROVISIONING_PASSWORD");
  });

  it("publishes every port on loopback only", () => {
    const ports = Object.values(services).flatMap((service) => service.ports ?? []);
    expect(ports.length).toBeGreaterThan(0);
    for (const port of ports) expect(port.host_ip).toBe("127.0.0.1");
  });
});

describe("streams/", () => {
  it("holds one stream in each file, named after it", async () => {
    const files = await readdir(join(ROOT, "streams"));
    for (const file of files) {
      const { name } = JSON.parse(await readFile(join(ROOT, "streams", file), "utf8")) as { name: string };
      expect(file).toBe(`${name.toLowerCase().replaceAll("_", "-")}.json`);
    }
  });
});
