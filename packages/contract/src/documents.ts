// Documents in KV buckets, one writer each (spec §3.1).
import { z } from "zod";
import { DeviceId, InstanceId, UpgradeId } from "./ids.ts";
import { Platform } from "./artifact.ts";
import { Timestamp } from "./time.ts";
import { BareVersion, ReportedVersion } from "./version.ts";

/** KV `device-info`, key `info.<device_id>`: written by the active agent. */
export const DeviceInfo = z
  .looseObject({
    device_id: DeviceId,
    instance_id: InstanceId,
    current_version: ReportedVersion,
    platform: Platform,
    labels: z.record(z.string().max(63), z.string().max(255)).default({}),
    inventory: z.record(z.string(), z.unknown()).default({}),
    updated_at: Timestamp,
  })
  .meta({ id: "DeviceInfo" });
export type DeviceInfo = z.infer<typeof DeviceInfo>;

/** KV `device-info`, key `desired.<device_id>`: mirrored by the projector for readers of the ADR; no agent acts on it. */
export const DesiredInfo = z
  .looseObject({
    device_id: DeviceId,
    desired_version: BareVersion.nullable(),
    upgrade_id: UpgradeId.nullable(),
    ledger_seq: z.int().positive(),
  })
  .meta({ id: "DesiredInfo" });
export type DesiredInfo = z.infer<typeof DesiredInfo>;

const WorkloadName = z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);

/** One workload that the device should run. */
export const Deployment = z.looseObject({
  name: WorkloadName,
  runtime: z.enum(["process", "podman"]),
  command: z.array(z.string()).min(1).max(64),
  env: z.record(z.string(), z.string()).default({}),
});
export type Deployment = z.infer<typeof Deployment>;

/** KV `desired-state`, key `<device_id>`: all deployments of a device; written by the operator's side. */
export const DesiredState = z
  .looseObject({ device_id: DeviceId, deployments: z.array(Deployment).max(256) })
  .meta({ id: "DesiredState" });
export type DesiredState = z.infer<typeof DesiredState>;

/** KV `workload-state`, key `<device_id>`: what runs; written by the device's active agent. */
export const WorkloadState = z
  .looseObject({
    device_id: DeviceId,
    instance_id: InstanceId,
    workloads: z.array(
      z.looseObject({
        name: WorkloadName,
        state: z.enum(["running", "stopped", "failed"]),
        pid: z.int().positive().nullable(),
        started_at: Timestamp.nullable(),
        last_error: z.string().nullable(),
      }),
    ),
    updated_at: Timestamp,
  })
  .meta({ id: "WorkloadState" });
export type WorkloadState = z.infer<typeof WorkloadState>;

/** KV keys. */
export const keys = {
  deviceInfo: (deviceId: string) => `info.${deviceId}`,
  desiredInfo: (deviceId: string) => `desired.${deviceId}`,
} as const;
