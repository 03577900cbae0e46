import { FailureCode, Outcome, StopEvidence, UpgradePhase } from "@upgrade-ledger/contract";
import { z } from "zod";
import { apiSchemas } from "./registry.ts";

/** An event that something rests on. */
const Cited = z.object({ event_id: z.string(), seq: z.int() });

const common = {
  upgrade_id: z.string(),
  from_version: z.string(),
  to_version: z.string(),
  phase: UpgradePhase,
  phase_since: z.string(),
  requested_at: z.string(),
  requested_by: z.string(),
  reason: z.string(),
  last_error: z.string().nullable(),
  reason_code: FailureCode.nullable(),
  stop_event_id: z.string().nullable(),
};

/** The open upgrade of a device (spec §6). */
export const OpenUpgrade = z
  .object({
    ...common,
    /** In words, what has to happen next. */
    waiting_for: z.string().nullable(),
  })
  .register(apiSchemas, { id: "OpenUpgrade" });
export type OpenUpgrade = z.infer<typeof OpenUpgrade>;

/** The last upgrade of a device that ended. */
export const EndedUpgrade = z
  .object({
    ...common,
    outcome: Outcome,
    completed_at: z.string(),
    /** For `done`: whether the operator itself has seen the new version run. */
    verified: z.boolean(),
    /** Until when a version that does not hold goes back by itself; `null` unless it is `done` and stands. */
    probation_until: z.string().nullable(),
    /** Whether the version was `done` and went back later. */
    reverted: z.boolean(),
  })
  .register(apiSchemas, { id: "EndedUpgrade" });
export type EndedUpgrade = z.infer<typeof EndedUpgrade>;

/** One attempt in a list: the latest comes last. */
export const UpgradeSummary = z
  .object({
    upgrade_id: z.string(),
    from_version: z.string(),
    to_version: z.string(),
    phase: UpgradePhase,
    /** `null` while it is open or queued. */
    outcome: Outcome.nullable(),
    requested_at: z.string(),
    requested_seq: z.int(),
    requested_by: z.string(),
    reason: z.string(),
    completed_at: z.string().nullable(),
    completed_seq: z.int().nullable(),
    verified: z.boolean(),
    reverted: z.boolean(),
    last_error: z.string().nullable(),
    reason_code: z.string().nullable(),
    /** Events of it that came after its end. */
    late_events: z.int(),
  })
  .register(apiSchemas, { id: "UpgradeSummary" });

/** A stop signal and what came of it. */
const Stop = z
  .object({
    event_id: z.string(),
    seq: z.int(),
    attempt: z.int(),
    issued_at: z.string(),
    deadline_ms: z.int(),
    stop_instance_id: z.string(),
    reason: z.string(),
    evidence: StopEvidence,
    accepted: Cited.extend({ at: z.string() }).nullable(),
    refused: Cited.extend({
      at: z.string(),
      reason_code: z.string(),
      last_error: z.string().nullable(),
    }).nullable(),
  })
  .register(apiSchemas, { id: "Stop" });

/** One event of an attempt in plain words. Its payload is at `GET /v1/events/{seq}`. */
const WhyStep = z
  .object({
    seq: z.int(),
    /** Ledger time. */
    at: z.string(),
    type: z.string(),
    event_id: z.string(),
    text: z.string(),
    /** The events that this one relied on. */
    caused_by: z.array(z.string()),
    anomalies: z.array(z.string()),
  })
  .register(apiSchemas, { id: "WhyStep" });

/** One attempt with its causes: why it was stopped, why it failed. */
export const UpgradeDetail = z
  .object({
    device_id: z.string(),
    ...common,
    outcome: Outcome.nullable(),
    completed_at: z.string().nullable(),
    verified: z.boolean(),
    verified_by: Cited.nullable(),
    ended_by: Cited.extend({ type: z.string() }).nullable(),
    reverted: Cited.extend({
      at: z.string(),
      to_version: z.string(),
      reason_code: z.string(),
      last_error: z.string().nullable(),
    }).nullable(),
    waiting_for: z.string().nullable(),
    cancel: Cited.nullable(),
    stalled: Cited.extend({ phase: UpgradePhase, since: z.string() }).nullable(),
    stops: z.array(Stop),
    phases: z.array(z.object({ phase: UpgradePhase, at: z.string(), event_id: z.string(), seq: z.int() })),
    /** What happened and on what each step rested, in ledger order. */
    why: z.array(WhyStep),
    /** Events in all. */
    event_count: z.int(),
    valid_at_seq: z.int(),
  })
  .register(apiSchemas, { id: "UpgradeDetail" });
export type UpgradeDetail = z.infer<typeof UpgradeDetail>;
