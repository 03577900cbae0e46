// Commands: stored under operator-cmd.<device_id>.*, then republished by the broker (spec §3.1, §3.2).
import { z } from "zod";
import { Artifact } from "../artifact.ts";
import { EventId, InstanceId } from "../ids.ts";
import { AgentState } from "../phase.ts";
import { Timestamp } from "../time.ts";
import { BareVersion, Version } from "../version.ts";
import { Actor, Reason, upgradeEvent } from "./envelope.ts";

/**
 * What the device should run. Its `upgrade_id` is its own `event_id`, except for a cancellation
 * (`desired_version: null`), which carries the `upgrade_id` of the upgrade that it cancels.
 */
export const DesiredVersion = upgradeEvent("desired-version", {
  desired_version: BareVersion.nullable(),
  /** `null` when the device has run that version and kept it, and for a cancellation. */
  artifact: Artifact.nullable(),
  actor: Actor,
  reason: Reason,
});

/** What the coordinator saw before it told the old agent to stop. */
export const StopEvidence = z.looseObject({
  instance_id: InstanceId,
  current_version: Version,
  agent_state: AgentState,
  observed_event_id: EventId,
  heartbeat_at: Timestamp,
  observed_for_ms: z.int().nonnegative(),
});
export type StopEvidence = z.infer<typeof StopEvidence>;

export const UpgradeStop = upgradeEvent("upgrade-stop", {
  reason: Reason,
  deadline_ms: z.int().positive(),
  /** The old instance: the one that is to exit. */
  stop_instance_id: InstanceId,
  /** Counts the stops of this upgrade from 1; part of what the event id is derived from. */
  attempt: z.int().positive(),
  evidence: StopEvidence,
});

export const COMMAND_EVENTS = [DesiredVersion, UpgradeStop] as const;
