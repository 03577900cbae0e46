// What an agent process is made of, once it has found its place.
import { readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import type { InstanceId, Version } from "@upgrade-ledger/contract";
import type { Logger } from "pino";
import { ConfigError, type LoadedConfig } from "../config/load.ts";
import type { AgentConfig } from "../config/schema.ts";
import {
  type BootFacts,
  type History,
  type Self,
  type Settings,
  TakenBack,
  terminalEventId,
} from "../core/index.ts";
import { readJsonOr } from "../files/json-file.ts";
import { createLayout, type Layout } from "../layout/layout.ts";
import type { FileLock } from "../lock/file-lock.ts";
import { recordStart } from "../marker/device-record.ts";
import { createMarkerStore, type MarkerStore } from "../marker/marker-store.ts";
import type { Outbox } from "../outbox/outbox.ts";
import { createProcessSupervisor } from "../supervisor/process-supervisor.ts";
import { takenBackPath } from "../supervisor/guard-protocol.ts";
import { bootId } from "../supervisor/process-identity.ts";
import type { Supervisor } from "../supervisor/supervisor.ts";
import { createProcessRuntime } from "../workloads/process-runtime.ts";
import type { WorkloadRuntime } from "../workloads/runtime.ts";
import { driverLockPath, type Place } from "./enter.ts";

export interface Setup {
  readonly self: Self;
  readonly settings: Settings;
  readonly config: AgentConfig;
  readonly configPath: string;
  /** The device's NKey seed. */
  readonly seed: string;
  /** The running binary's file. */
  readonly selfPath: string;
  readonly layout: Layout;
  readonly supervisor: Supervisor;
  readonly runtime: WorkloadRuntime;
  readonly store: MarkerStore;
  readonly boot: BootFacts;
  readonly wasActive: (version: string) => boolean;
  /** Kept here so that they are held as long as the process lives. */
  readonly versionLock: FileLock;
  readonly driverLock: FileLock | null;
  readonly paths: { readonly driverLock: string; readonly roleLock: string };
  readonly log: Logger;
}

/** How often supervisor and old process are looked at in a cutover. */
const CHECK_INTERVAL_MS = 500;

/** The layout that the configuration names. */
export function layoutOf(config: AgentConfig): Layout {
  return createLayout({ prefix: config.prefix });
}

/** The seed in `nats.seed_file`. @throws ConfigError */
export function readSeed(config: AgentConfig): string {
  try {
    return readFileSync(config.nats.seed_file, "utf8").trim();
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(`nats.seed_file: cannot be read: ${detail}`, { cause });
  }
}

export interface Identity {
  readonly version: Version;
  readonly instanceId: InstanceId;
  readonly log: Logger;
}

/** Puts it together, and notes on disk that this version has started. */
export async function setUp(
  { config, path }: LoadedConfig,
  { version, instanceId, log }: Identity,
  place: Extract<Place, { kind: "serve" }>,
  outbox: Outbox,
): Promise<Setup> {
  const stateDir = config.state_dir;
  const boot = bootId();
  const history = await recordStart(stateDir, version, boot);
  return {
    self: { deviceId: config.device_id, instanceId, version },
    settings: settingsOf(config),
    config,
    configPath: path,
    seed: readSeed(config),
    selfPath: realpathSync(process.argv[1] ?? process.execPath),
    layout: layoutOf(config),
    supervisor: createProcessSupervisor({
      socketPath: config.supervisor.socket ?? join(stateDir, "guard.sock"),
    }),
    runtime: createProcessRuntime({ stateDir }),
    store: createMarkerStore(stateDir),
    boot: {
      marker: place.memory.marker,
      attempts: place.memory.attempts,
      linkVersion: place.linkVersion,
      previousVersion: history.before?.last_version ?? null,
      rebooted: history.before !== null && history.before.boot_id !== boot,
      bootId: boot,
      history: await readHistory(stateDir, place, outbox),
    },
    wasActive: history.wasActive,
    versionLock: place.versionLock,
    driverLock: place.driverLock,
    paths: { driverLock: driverLockPath(stateDir), roleLock: join(stateDir, "run", "active.lock") },
    log,
  };
}

async function readHistory(
  stateDir: string,
  { memory }: Extract<Place, { kind: "serve" }>,
  outbox: Outbox,
): Promise<History> {
  const upgradeId = memory.marker?.upgrade.upgrade_id;
  return {
    takenBack: (await readJsonOr(takenBackPath(stateDir), TakenBack)) ?? null,
    endWritten: upgradeId !== undefined && (await outbox.wasWritten(terminalEventId(upgradeId))),
  };
}

function settingsOf({ upgrade }: AgentConfig): Settings {
  return {
    upgradesEnabled: upgrade.enabled,
    drainTimeoutMs: upgrade.drain_timeout_ms,
    stagingDeadlineMs: upgrade.staging_deadline_ms,
    stagingBackoffMs: { min: upgrade.staging_backoff_min_ms, max: upgrade.staging_backoff_max_ms },
    selfTestTimeoutMs: upgrade.self_test_timeout_ms,
    heartbeatTimeoutMs: upgrade.heartbeat_timeout_ms,
    probationMs: upgrade.probation_ms,
    confirmTimeoutMs: upgrade.confirm_timeout_ms,
    checkIntervalMs: CHECK_INTERVAL_MS,
  };
}
