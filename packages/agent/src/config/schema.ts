// The agent's configuration: one table, from which the schema, the environment variables and the documentation follow.
import { DEFAULTS, DeviceId } from "@upgrade-ledger/contract";
import { z } from "zod";

const ms = (preset: number) => z.int().positive().max(2_147_483_647).default(preset);
const Path = z.string().min(1).startsWith("/", "must be an absolute path");

const Nats = z.strictObject({
  /** `nats://host:port`, several separated by commas. */
  url: z
    .string()
    .regex(
      /^(nats|tls):\/\/[^\s,]+(\s*,\s*(nats|tls):\/\/[^\s,]+)*$/,
      "must be nats://host:port, several separated by commas",
    ),
  /** File with the device's NKey seed (`SU…`), as `fleet-agent keygen` makes it. */
  seed_file: Path,
});

const UpgradeSettings = z.strictObject({
  enabled: z.boolean().default(true),
  /** minisign public keys (base64) that may sign agents. */
  trusted_keys: z.array(z.string().min(1)).default([]),
  heartbeat_timeout_ms: ms(DEFAULTS.heartbeatTimeoutMs),
  drain_timeout_ms: ms(DEFAULTS.drainTimeoutMs),
  staging_deadline_ms: ms(DEFAULTS.stagingDeadlineMs),
  staging_backoff_min_ms: ms(DEFAULTS.stagingBackoffMs.min),
  staging_backoff_max_ms: ms(DEFAULTS.stagingBackoffMs.max),
  self_test_timeout_ms: ms(DEFAULTS.selfTestTimeoutMs),
  probation_ms: ms(DEFAULTS.probationMs),
  confirm_timeout_ms: ms(DEFAULTS.confirmTimeoutMs),
});

const HeartbeatSettings = z.strictObject({ interval_ms: ms(DEFAULTS.heartbeatIntervalMs) });

const SupervisorSettings = z.strictObject({
  kind: z.enum(["process"]).default("process"),
  /** The guard's socket. Default: `<state_dir>/guard.sock`. */
  socket: Path.optional(),
});

const WorkloadSettings = z.strictObject({
  runtime: z.enum(["process"]).default("process"),
  /** Between two reconciles when nothing changes. */
  interval_ms: ms(5_000),
});

const LinkSettings = z.strictObject({
  /** Between two readings of the device's commands when no doorbell rings; up to a fifth is added at random. */
  reread_interval_ms: ms(60_000),
});

const LogSettings = z.strictObject({
  level: z.enum(["trace", "debug", "info", "warn", "error"]).default("info"),
});

/** The configuration file, and what the environment may override. Keys are snake_case; unknown ones are refused. */
export const AgentConfig = z.strictObject({
  device_id: DeviceId,
  /** Versions in `<prefix>/bin`, the symlink at `<prefix>/local/bin/fleet-agent`. */
  prefix: Path.default("/usr"),
  state_dir: Path.default("/var/lib/fleet-agent"),
  labels: z.record(z.string().max(63), z.string().max(255)).default({}),
  nats: Nats,
  upgrade: UpgradeSettings.prefault({}),
  heartbeat: HeartbeatSettings.prefault({}),
  link: LinkSettings.prefault({}),
  supervisor: SupervisorSettings.prefault({}),
  workloads: WorkloadSettings.prefault({}),
  log: LogSettings.prefault({}),
});
export type AgentConfig = z.infer<typeof AgentConfig>;

/** Every section with its keys, as in the file; `""` is the top level. */
export const CONFIG_SECTIONS: Readonly<Record<string, z.ZodObject>> = {
  "": AgentConfig,
  nats: Nats,
  upgrade: UpgradeSettings,
  heartbeat: HeartbeatSettings,
  link: LinkSettings,
  supervisor: SupervisorSettings,
  workloads: WorkloadSettings,
  log: LogSettings,
};

/** Every key as `section.key`, sections themselves left out. */
export function configKeys(): string[] {
  return Object.entries(CONFIG_SECTIONS).flatMap(([section, schema]) =>
    Object.keys(schema.shape)
      .filter((key) => section !== "" || CONFIG_SECTIONS[key] === undefined)
      .map((key) => (section === "" ? key : `${section}.${key}`)),
  );
}

/** The environment variable of a key: `nats.url` → `FLEET_AGENT_NATS_URL`. */
export function variableOf(key: string): string {
  return `FLEET_AGENT_${key.replace(".", "_").toUpperCase()}`;
}
