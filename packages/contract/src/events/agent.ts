// Events that agents write to device-state.<device_id>.upgrade (spec §3.2).
import { z } from "zod";
import { Artifact, Sha256Hex } from "../artifact.ts";
import { EventId, InstanceId } from "../ids.ts";
import { BootReason, FailureCode, StopRefusal, UpgradePhase } from "../phase.ts";
import { Timestamp } from "../time.ts";
import { Version } from "../version.ts";
import { ChainHash, deviceEvent, LastError, upgradeEvent } from "./envelope.ts";

const Path = z.string().min(1).max(4096);

/** An agent process came up. */
export const Started = deviceEvent("started", {
  boot_reason: BootReason,
  previous_version: Version.nullable(),
});

/** No new workload is started; those in flight finish. */
export const Draining = upgradeEvent("draining", { in_flight: z.int().nonnegative() });

/** The artifact is being fetched; each retry is a new event with its `attempt`. */
export const Staging = upgradeEvent("staging", {
  artifact: Artifact.nullable(),
  attempt: z.int().positive(),
  retry_at: Timestamp.nullable(),
  last_error: LastError.nullable(),
});

/** The staged binary runs its self-test. */
export const Verifying = upgradeEvent("verifying", {
  path: Path,
  sha256: Sha256Hex,
  /** minisign key id that signed it; `null` for a version that the device had kept. */
  key_id: z.string().max(64).nullable(),
});

/** The symlink points to the new version and the new instance has been started beside the old one. */
export const CutoverReady = upgradeEvent("cutover-ready", {
  symlink: z.looseObject({ path: Path, from: Path, to: Path }),
  unit: z.string().min(1).max(256),
});

/** The old instance obeys the stop. */
export const Stopping = upgradeEvent("stopping", { stop_event_id: EventId });

/** The old instance stays, and why. */
export const StopRefused = upgradeEvent("stop-refused", {
  stop_event_id: EventId,
  reason_code: StopRefusal,
  last_error: LastError.nullable(),
});

/** The old process is gone and this one serves. */
export const Done = upgradeEvent("done", {
  from_version: Version,
  to_version: Version,
  /** `null` when the old one died on its own (see `old_exit`), or when the version already ran. */
  stop_event_id: EventId.nullable(),
  /** How the old one ended when no stop ended it. */
  old_exit: z.string().max(256).nullable(),
  /** The old instance's last event, so that the chain holds across the cutover; `null` when there was no other instance. */
  old_instance: z
    .looseObject({
      instance_id: InstanceId,
      last_sequence: z.int().nonnegative(),
      last_hash: ChainHash.nullable(),
    })
    .nullable(),
});

export const Failed = upgradeEvent("failed", {
  failed_phase: UpgradePhase,
  reason_code: FailureCode,
  last_error: LastError,
  /** Whether a swap had been made and was taken back. */
  reverted: z.boolean(),
});

/** A version that was `done` went back. */
export const Reverted = upgradeEvent("reverted", {
  from_version: Version,
  to_version: Version,
  reason_code: FailureCode,
  last_error: LastError.nullable(),
});

/** A newer desired version, or a cancellation, came first. */
export const Superseded = upgradeEvent("superseded", { by_event_id: EventId, reverted: z.boolean() });

export const AGENT_EVENTS = [
  Started,
  Draining,
  Staging,
  Verifying,
  CutoverReady,
  Stopping,
  StopRefused,
  Done,
  Failed,
  Reverted,
  Superseded,
] as const;
