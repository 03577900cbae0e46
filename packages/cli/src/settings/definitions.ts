import { API_DEFAULTS } from "@upgrade-ledger/api/schema";
import { DEFAULTS } from "@upgrade-ledger/contract";
import { z } from "zod";

/** Those of the checkpointer: its package is not loaded for a command that only asks. */
const CHECKPOINTS = { everyEvents: 10_000, everyMs: 300_000 } as const;

export const SERVICE_ROLES = ["api", "projector", "coordinator", "observer"] as const;
export type ServiceRole = (typeof SERVICE_ROLES)[number];

const list = (raw: unknown): unknown =>
  typeof raw === "string"
    ? raw
        .split(",")
        .map((part) => part.trim())
        .filter((part) => part !== "")
    : raw;
const count = z.coerce.number({ error: "must be a whole number" }).int("must be a whole number");
const ms = count.min(1, "must be at least 1");
const yesOrNo = z.preprocess(
  (raw) => (typeof raw === "string" ? raw.toLowerCase() === "true" : raw),
  z.boolean(),
);
const HTTP_ADDRESS = /^(\[[0-9a-fA-F:]+\]|[^:[\]\s]+):(\d{1,5})$/;

/**
 * Every setting of the service: key in the file, `UPGRADE_LEDGER_<KEY>` in the environment, `--<key>` as a flag
 * (docs/configuration.md, checked by a test). Durations are in milliseconds.
 */
export const SETTINGS = {
  data_dir: z
    .string()
    .min(1)
    .default("upgrade-ledger-data")
    .describe("Where the embedded NATS server keeps everything."),
  http: z
    .string()
    .regex(HTTP_ADDRESS, "must be <host>:<port>, such as 127.0.0.1:8080")
    .default("127.0.0.1:8080")
    .describe("Address on which the API listens."),
  nats: z
    .string()
    .min(1)
    .optional()
    .describe("Use these NATS servers (`nats://…`, several separated by commas) instead of an embedded one."),
  nats_port: count
    .min(0)
    .max(65_535)
    .default(4222)
    .describe("Port of the embedded NATS server, on 127.0.0.1; 0: one that is free."),
  roles: z
    .preprocess(list, z.array(z.enum(SERVICE_ROLES)).min(1))
    .default([...SERVICE_ROLES])
    .describe("What this process does: some of api, projector, coordinator, observer, separated by commas."),
  sync_interval: z
    .string()
    .regex(/^(always|\d+(ms|s|m))$/, "must be always, or a duration such as 2m")
    .default("always")
    .describe("When the embedded NATS server writes to the disk. `always`: an acknowledged event is on it."),
  ledger_max_bytes: count
    .min(1_048_576, "must be at least 1 MiB")
    .optional()
    .describe(
      "Room reserved for the ledger. Default: 8 GiB, or half of the free disk where there is less. It may grow, never shrink.",
    ),
  checkpoint_every_events: ms
    .default(CHECKPOINTS.everyEvents)
    .describe("The projector's process signs a checkpoint of the ledger after so many events …"),
  checkpoint_every_ms: ms
    .default(CHECKPOINTS.everyMs)
    .describe("… or so long after an event that none covers."),
  soak_ms: ms
    .default(DEFAULTS.soakMs)
    .describe("How long the new agent must be seen running before the old one is told to stop."),
  stop_deadline_ms: ms
    .default(DEFAULTS.stopDeadlineMs)
    .describe("How long the old agent has to obey a stop."),
  stop_retry_after_ms: count
    .min(0)
    .default(DEFAULTS.stopRetryAfterMs)
    .describe("A stop is issued again after its deadline and this."),
  max_stop_attempts: ms
    .default(DEFAULTS.maxStopAttempts)
    .describe("Stops of one upgrade, after which it is stalled."),
  offline_after_intervals: ms
    .default(DEFAULTS.offlineAfterIntervals)
    .describe("A device is offline after so many of its intervals without a heartbeat."),
  probation_ms: ms
    .default(DEFAULTS.probationMs)
    .describe(
      "For how long the API shows that a new version may still go back by itself. Agents have a setting of their own.",
    ),
  stalled_requested_ms: ms
    .default(DEFAULTS.stalledAfterMs.requested)
    .describe("An upgrade is stalled after so long in phase requested."),
  stalled_draining_ms: ms.default(DEFAULTS.stalledAfterMs.draining).describe("The same for draining."),
  stalled_staging_ms: ms.default(DEFAULTS.stalledAfterMs.staging).describe("The same for staging."),
  stalled_verifying_ms: ms.default(DEFAULTS.stalledAfterMs.verifying).describe("The same for verifying."),
  stalled_cutover_ready_ms: ms
    .default(DEFAULTS.stalledAfterMs["cutover-ready"])
    .describe("The same for cutover-ready."),
  stalled_stopping_ms: ms.default(DEFAULTS.stalledAfterMs.stopping).describe("The same for stopping."),
  artifact_max_bytes: ms
    .default(API_DEFAULTS.artifactMaxBytes)
    .describe("Largest artifact that may be uploaded."),
  max_wait_ms: count
    .min(0)
    .default(API_DEFAULTS.maxWaitMs)
    .describe("Longest wait that a request may ask for with `Prefer: wait=…`."),
  ready_max_lag: count
    .min(0)
    .default(API_DEFAULTS.readyMaxLag)
    .describe("`/readyz` fails when the projections are more events behind the ledger."),
  http_hosts: z
    .preprocess(list, z.array(z.string().min(1)))
    .default([])
    .describe("Names, besides loopback ones, under which the API may be asked, separated by commas."),
  http_allow_remote: yesOrNo
    .default(false)
    .describe(
      "Listen on an address that other machines can reach, although there are no API keys yet. Only behind something that checks who asks.",
    ),
  log_level: z
    .enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"])
    .default("info")
    .describe("How much is logged, to stderr."),
} as const;

export const Settings = z.strictObject(SETTINGS);
export type Settings = z.infer<typeof Settings>;
export type SettingKey = keyof typeof SETTINGS;
export const SETTING_KEYS = Object.keys(SETTINGS).filter((key): key is SettingKey => key in SETTINGS);

/** `--soak-ms` */
export function flagOf(key: SettingKey): string {
  return `--${key.replaceAll("_", "-")}`;
}

/** `UPGRADE_LEDGER_SOAK_MS` */
export function variableOf(key: SettingKey): string {
  return `UPGRADE_LEDGER_${key.toUpperCase()}`;
}
