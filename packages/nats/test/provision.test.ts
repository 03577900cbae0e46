import { jetstreamManager } from "@nats-io/jetstream";
import type { StreamConfig } from "@nats-io/jetstream";
import { Kvm } from "@nats-io/kv";
import type { NatsConnection } from "@nats-io/transport-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { JetStreamApiError, provision, ProvisionRefusedError, readDefinitions } from "@upgrade-ledger/nats";
import type { StreamDefinition } from "@upgrade-ledger/nats";
import { startLedgerServer } from "@upgrade-ledger/testkit";
import type { LedgerServer } from "@upgrade-ledger/testkit";

/** The project's definitions, with some fields of one stream changed. */
async function definitionsWith(name: string, fields: Record<string, unknown>): Promise<StreamDefinition[]> {
  return (await readDefinitions()).map((definition) =>
    definition.name === name ? { name, config: { ...definition.config, ...fields } } : definition,
  );
}

describe("provisioning", () => {
  let server: LedgerServer;
  let connection: NatsConnection;

  beforeAll(async () => {
    server = await startLedgerServer({ syncInterval: "2m" });
    connection = await server.connect("provisioning");
  });
  afterAll(async () => {
    await server.stop();
  });

  async function configOf(name: string): Promise<StreamConfig> {
    return (await (await jetstreamManager(await server.connect("api"))).streams.info(name)).config;
  }

  /** Changes a stream behind provisioning's back, as an administrator could. */
  async function tamper(name: string, fields: Record<string, unknown>): Promise<void> {
    const reply = await connection.request(
      `$JS.API.STREAM.UPDATE.${name}`,
      JSON.stringify({ ...(await configOf(name)), ...fields }),
    );
    expect(reply.json()).not.toHaveProperty("error");
  }

  it("makes the ledger exactly as the specification's table says", async () => {
    expect(await configOf("UPGRADE_LEDGER")).toMatchObject({
      subjects: ["device-state.*.upgrade", "operator-cmd.*.*", "device-observed.*.*", "fleet.>"],
      storage: "file",
      retention: "limits",
      discard: "new",
      discard_new_per_subject: true,
      max_msgs: -1,
      max_age: 0,
      max_msgs_per_subject: 100_000,
      max_msg_size: 65_536,
      deny_delete: true,
      deny_purge: true,
      allow_direct: true,
      allow_atomic: true,
      compression: "s2",
      duplicate_window: 600_000_000_000,
      num_replicas: 1,
      republish: { src: "operator-cmd.*.*", dest: "live-cmd.{{wildcard(1)}}.{{wildcard(2)}}" },
    });
    expect((await configOf("UPGRADE_LEDGER")).max_bytes).toBeGreaterThan(0);
  });

  it("makes buckets that the ordinary key-value client opens", async () => {
    const bucket = await new Kvm(await server.connect("operator")).open("upgrade-devices");
    expect(await bucket.get("nothing")).toBeNull();
  });

  it("changes nothing the second time", async () => {
    const report = await provision(connection);
    expect(report).toMatchObject({ created: [], drifted: [], updated: [], refused: [] });
    expect(report.unchanged).toHaveLength((await readDefinitions()).length);
  });

  it("puts back what somebody weakened, and says so field by field", async () => {
    const room = (await configOf("UPGRADE_LEDGER")).max_bytes;
    await tamper("UPGRADE_LEDGER", { max_msgs: 1_000_000, duplicate_window: 1_000_000_000 });
    await tamper("KV_device-info", { max_msg_size: 10 });
    const preview = await provision(connection, { dryRun: true });
    const report = await provision(connection);
    expect(preview).toEqual(report);
    expect(report.updated).toEqual([
      { stream: "KV_device-info", field: "max_msg_size", actual: 10, wanted: 65_536 },
      { stream: "UPGRADE_LEDGER", field: "duplicate_window", actual: 1_000_000_000, wanted: 600_000_000_000 },
      { stream: "UPGRADE_LEDGER", field: "max_msgs", actual: 1_000_000, wanted: -1 },
    ]);
    expect(await configOf("UPGRADE_LEDGER")).toMatchObject({ max_msgs: -1, max_bytes: room });
    expect((await provision(connection)).updated).toEqual([]);
  });

  it("reports what it may not change by itself, and leaves it", async () => {
    const definitions = await definitionsWith("KV_upgrade-devices", { storage: "memory" });
    const report = await provision(connection, { definitions });
    expect(report.drifted).toEqual([
      { stream: "KV_upgrade-devices", field: "storage", actual: "file", wanted: "memory" },
    ]);
    expect((await configOf("KV_upgrade-devices")).storage).toBe("file");
  });

  it("gives the ledger more room, and never less", async () => {
    const room = (await configOf("UPGRADE_LEDGER")).max_bytes;
    const report = await provision(connection, { ledgerMaxBytes: room * 2 });
    expect(report.updated).toEqual([
      { stream: "UPGRADE_LEDGER", field: "max_bytes", actual: room, wanted: room * 2 },
    ]);
    await expect(provision(connection, { ledgerMaxBytes: room })).rejects.toThrow(ProvisionRefusedError);
  });

  it.each<Record<string, unknown>>([
    { deny_delete: false },
    { deny_purge: false },
    { max_age: 86_400_000_000_000 },
    { max_msgs: 1_000 },
    { max_msgs_per_subject: 99_999 },
    { max_consumers: 1 },
    { discard: "old" },
    { discard_new_per_subject: false },
    { retention: "interest" },
    { retention: "workqueue" },
    { storage: "memory" },
    { duplicate_window: 120_000_000_000 },
    { persist_mode: "async" },
    { republish: undefined },
    { republish: { src: "operator-cmd.*.*", dest: "elsewhere.{{wildcard(1)}}.{{wildcard(2)}}" } },
    {
      republish: {
        src: "operator-cmd.*.*",
        dest: "live-cmd.{{wildcard(1)}}.{{wildcard(2)}}",
        headers_only: true,
      },
    },
    { subjects: ["device-state.*.upgrade"] },
    { allow_rollup_hdrs: true },
    { allow_msg_ttl: true },
    { allow_msg_schedules: true },
    { allow_msg_counter: true },
    { allow_atomic: false },
    { allow_direct: false },
    { no_ack: true },
    { sealed: true },
    { mirror: { name: "elsewhere" } },
    { sources: [{ name: "elsewhere" }] },
    { subject_transform: { src: "fleet.>", dest: "gone.>" } },
    { subject_delete_marker_ttl: 1_000_000_000 },
    { a_field_of_a_later_server: true },
  ])("refuses to weaken the ledger by %j, and changes nothing else either", async (fields) => {
    const definitions = await definitionsWith("UPGRADE_LEDGER", fields);
    const alsoChanged = definitions.map((definition) =>
      definition.name === "KV_desired-state"
        ? { ...definition, config: { ...definition.config, description: "changed" } }
        : definition,
    );
    const before = await configOf("UPGRADE_LEDGER");
    const refusal = await provision(connection, { definitions: alsoChanged }).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(refusal).toBeInstanceOf(ProvisionRefusedError);
    expect(String(refusal)).toContain(`UPGRADE_LEDGER.${Object.keys(fields)[0]}`);
    expect(await configOf("UPGRADE_LEDGER")).toEqual(before);
    expect((await configOf("KV_desired-state")).description).not.toBe("changed");
  });

  it.each(["DEVICE_HEARTBEATS", "KV_device-info", "KV_workload-state"])(
    "refuses headers that rewrite others' messages on %s, to which devices publish",
    async (name) => {
      const definitions = await definitionsWith(name, { allow_rollup_hdrs: true });
      await expect(provision(connection, { definitions })).rejects.toThrow(`${name}.allow_rollup_hdrs`);
    },
  );

  it("plans more copies, but none of a bucket that persists asynchronously, which the server can't change", async () => {
    const report = await provision(connection, { replicas: 3, dryRun: true });
    const single = ["KV_upgrade-catalogue", "KV_upgrade-devices", "KV_upgrade-histories"];
    expect(report.drifted.map(({ stream, field }) => `${stream} ${field}`)).toEqual(
      single.flatMap((stream) => [`${stream} num_replicas`, `${stream} persist_mode`]),
    );
    expect(report.updated).toContainEqual({
      stream: "UPGRADE_LEDGER",
      field: "num_replicas",
      actual: 1,
      wanted: 3,
    });
    expect(report.updated).toHaveLength(7);
  });

  it("says the server's reason when it can't do it", async () => {
    const failure = provision(connection, { replicas: 3 });
    await expect(failure).rejects.toThrow(JetStreamApiError);
    await expect(failure).rejects.toThrow(/replicas > 1 not supported/);
  });
});
