import { AgentState, DeviceId, Progress, UpgradePhase } from "@upgrade-ledger/contract";
import { DEVICE_STATUSES } from "@upgrade-ledger/projections";
import { z } from "zod";
import { apiSchemas } from "./registry.ts";
import { EndedUpgrade, OpenUpgrade } from "./upgrade.ts";

/** For people, computed when read: the first that applies (spec §6). */
export const DeviceStatus = z.enum(DEVICE_STATUSES);

export const DevicePhase = z.enum([...UpgradePhase.options, "running"]);

const Instance = z
  .object({
    instance_id: z.string(),
    role: z.enum(["active", "old", "new", "gone"]),
    current_version: z.string(),
    agent_state: AgentState.nullable(),
  })
  .register(apiSchemas, { id: "Instance" });

/** What is known now and is no part of the ledger: current only. */
const Live = z
  .object({
    labels: z.record(z.string(), z.string()),
    platform: z.string().nullable(),
    heartbeats: z.array(
      z.object({
        instance_id: z.string(),
        received_at: z.string(),
        current_version: z.string(),
        agent_state: AgentState.nullable(),
        progress: Progress.nullable(),
      }),
    ),
  })
  .register(apiSchemas, { id: "Live" });

export const Device = z
  .object({
    device_id: z.string(),
    status: DeviceStatus,
    phase: DevicePhase,
    phase_since: z.string().nullable(),
    /** `unknown` if never reported. */
    current_version: z.string(),
    /** `null` if never asked for, or cancelled. */
    desired_version: z.string().nullable(),
    last_error: z.string().nullable(),
    upgrade: OpenUpgrade.nullable(),
    /** A newer upgrade that was asked for while `upgrade` was under way. */
    queued: OpenUpgrade.nullable(),
    last_upgrade: EndedUpgrade.nullable(),
    instances: z.array(Instance),
    anomalies: z.record(z.string(), z.int()),
    policy: z.enum(["pinned", "latest"]),
    first_seen_at: z.string().nullable(),
    valid_at_seq: z.int(),
    /** Not in an as-of answer. */
    live: Live.optional(),
  })
  .register(apiSchemas, { id: "Device" });
export type Device = z.infer<typeof Device>;

/** From when to when a device ran a version, by ledger time. */
export const VersionInterval = z
  .object({
    version: z.string(),
    from: z.string(),
    from_seq: z.int(),
    /** `null` for the version that runs now. */
    to: z.string().nullable(),
    to_seq: z.int().nullable(),
    how: z.enum(["first-seen", "upgrade", "unrequested", "revert"]),
    event_id: z.string(),
    upgrade_id: z.string().nullable(),
    requested_by: z.string().nullable(),
    reason: z.string().nullable(),
  })
  .register(apiSchemas, { id: "VersionInterval" });

export const DeviceParams = z.object({ device_id: DeviceId });
