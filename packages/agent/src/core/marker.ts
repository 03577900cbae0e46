// What survives a crash (spec §4, Marker). Each step is in the marker before its effect is taken.
import {
  Artifact,
  ChainHash,
  DEFAULTS,
  EventId,
  EventRef,
  FailureCode,
  InstanceId,
  LastError,
  Sha256Hex,
  UpgradeId,
  UpgradePhase,
  Version,
} from "@upgrade-ledger/contract";
import { z } from "zod";

const Causes = z.array(EventRef);

/** How an upgrade ends: the terminal event without its envelope. */
export const Ending = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("done"),
    caused_by: Causes,
    from_version: Version,
    to_version: Version,
    stop_event_id: EventId.nullable(),
    old_exit: z.string().nullable(),
    old_instance: z
      .object({
        instance_id: InstanceId,
        last_sequence: z.int().nonnegative(),
        last_hash: ChainHash.nullable(),
      })
      .nullable(),
  }),
  z.object({
    type: z.literal("failed"),
    caused_by: Causes,
    failed_phase: UpgradePhase,
    reason_code: FailureCode,
    last_error: LastError,
    reverted: z.boolean(),
  }),
  z.object({ type: z.literal("superseded"), caused_by: Causes, by_event_id: EventId, reverted: z.boolean() }),
]);
export type Ending = z.infer<typeof Ending>;

/** The swap as it was made: the link, and the paths that it pointed to before and after. */
export const Symlink = z.object({ path: z.string(), from: z.string(), to: z.string() });
export type Symlink = z.infer<typeof Symlink>;

/** The step that an upgrade has reached; a step is entered by writing it here. */
export const Step = z.discriminatedUnion("step", [
  z.object({ step: z.literal("draining") }),
  z.object({ step: z.literal("staging"), attempt: z.int().positive() }),
  z.object({
    step: z.literal("verifying"),
    path: z.string(),
    sha256: Sha256Hex,
    key_id: z.string().nullable(),
  }),
  /** The link is being pointed to the new version. */
  z.object({ step: z.literal("swapping") }),
  /** The link points to the new version; its unit is being started. */
  z.object({ step: z.literal("starting"), symlink: Symlink }),
  z.object({ step: z.literal("cutover-ready"), symlink: Symlink, unit: z.string() }),
  /** A stop has been accepted. */
  z.object({ step: z.literal("stopping"), unit: z.string(), stop_event_id: EventId }),
  /** The link goes back to the old version and the new unit is stopped; then the upgrade ends so. */
  z.object({ step: z.literal("reverting"), end: Ending }),
  /** The terminal event is decided; it is in the outbox or about to be, and not yet acknowledged. */
  z.object({ step: z.literal("ended"), end: Ending, cutover: z.boolean() }),
  /** `done` is acknowledged; the predecessor is remembered until this monotonic time of this boot of the machine. */
  z.object({
    step: z.literal("probation"),
    boot_id: z.string().default(""),
    until_ms: z.number().default(0),
  }),
]);
export type Step = z.infer<typeof Step>;
export type StepName = Step["step"];

export const Upgrade = z.object({
  upgrade_id: UpgradeId,
  from_version: Version,
  to_version: Version,
  artifact: Artifact.nullable(),
  /** The instance that drives the upgrade until the new one takes over. */
  old_instance: InstanceId,
  /** How often a restarted process has taken the preparation up again. */
  resumes: z.int().nonnegative(),
  /** How long the new version has, once the old one is gone, to have its `done` acknowledged; the supervisor watches it. */
  confirm_timeout_ms: z.int().positive().default(DEFAULTS.confirmTimeoutMs),
  at: Step,
});
export type Upgrade = z.infer<typeof Upgrade>;

export const MARKER_SCHEMA = 1;
/** The marker file: present while an upgrade is open, unacknowledged or on probation. */
export const Marker = z.object({ schema: z.literal(MARKER_SCHEMA), upgrade: Upgrade });
export type Marker = z.infer<typeof Marker>;

/** The supervisor's note on the version that it took back last, and why. */
export const TakenBack = z.object({
  upgrade_id: UpgradeId,
  reason_code: z.enum(["crash_loop", "not_confirmed"]),
  last_error: z.string(),
});
export type TakenBack = z.infer<typeof TakenBack>;

/** What this device has answered already; kept apart from the marker, so that it outlives it (spec §2: each once). */
export const Attempts = z.object({ upgrades: z.array(UpgradeId), stops: z.array(EventId) });
export type Attempts = z.infer<typeof Attempts>;

const REMEMBERED = 1_000;

/** Adds an id at the end unless it is there, and forgets the oldest beyond a thousand. */
export function remember<T extends string>(known: readonly T[], id: T): T[] {
  return known.includes(id) ? [...known] : [...known, id].slice(-REMEMBERED);
}
