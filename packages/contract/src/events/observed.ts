// What the operator saw or did about a device: device-observed.<device_id>.* (spec §3.2).
import { z } from "zod";
import { Artifact } from "../artifact.ts";
import { EventId, InstanceId } from "../ids.ts";
import { AgentState, UpgradePhase } from "../phase.ts";
import { Timestamp } from "../time.ts";
import { BareVersion, ReportedVersion } from "../version.ts";
import { Actor, deviceEvent, Reason, upgradeEvent } from "./envelope.ts";

/** A heartbeat that said something new: new instance, changed version or state, or back from silence. */
export const AgentObserved = deviceEvent("agent-observed", {
  instance_id: InstanceId,
  current_version: ReportedVersion,
  /** `null` where a foreign agent gives none. */
  agent_state: AgentState.nullable(),
});

/** An instance has sent no heartbeat for the offline time. */
export const AgentSilent = deviceEvent("agent-silent", {
  instance_id: InstanceId,
  current_version: ReportedVersion,
  /** When its last heartbeat was received. */
  since: Timestamp,
});

/** An open upgrade has stayed in one phase past that phase's deadline (spec §4, defaults). */
export const Stalled = upgradeEvent("stalled", { phase: UpgradePhase, since: Timestamp });

export const UpgradeScheduled = deviceEvent("upgrade-scheduled", {
  desired_version: BareVersion,
  artifact: Artifact.nullable(),
  not_before: Timestamp,
  expires_at: Timestamp.nullable(),
  actor: Actor,
  reason: Reason,
});

/** How a scheduled upgrade ended: it was asked for, or it never will be. */
export const ScheduleOutcome = z.enum(["released", "cancelled", "replaced", "expired"]);
export type ScheduleOutcome = z.infer<typeof ScheduleOutcome>;

export const ScheduleEnded = deviceEvent("schedule-ended", {
  schedule_event_id: EventId,
  outcome: ScheduleOutcome,
});

/** An NKey public key: the device's identity for NATS and for its signatures (spec §8). */
const PublicKey = z.string().regex(/^U[A-Z2-7]{55}$/, "must be an NKey user public key");

export const Enrolled = deviceEvent("enrolled", { public_key: PublicKey, actor: Actor, reason: Reason });
export const Revoked = deviceEvent("revoked", { public_key: PublicKey, actor: Actor, reason: Reason });

export const OBSERVED_EVENTS = [
  AgentObserved,
  AgentSilent,
  Stalled,
  UpgradeScheduled,
  ScheduleEnded,
  Enrolled,
  Revoked,
] as const;
