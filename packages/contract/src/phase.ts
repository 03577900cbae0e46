// The closed vocabularies of an upgrade (spec §3.2, §3.3, §6).
import { z } from "zod";

/** What an agent says of itself in heartbeats (spec §3.3). */
export const AgentState = z.enum([
  "running",
  "draining",
  "staging",
  "verifying",
  "cutover-ready",
  "stopping",
]);
export type AgentState = z.infer<typeof AgentState>;

/** The phase of an open upgrade (spec §6). */
export const UpgradePhase = z.enum([
  "scheduled",
  "requested",
  "draining",
  "staging",
  "verifying",
  "cutover-ready",
  "stopping",
]);
export type UpgradePhase = z.infer<typeof UpgradePhase>;

/** How an upgrade ended (spec §6). */
export const Outcome = z.enum(["done", "failed", "superseded", "cancelled"]);
export type Outcome = z.infer<typeof Outcome>;

/** Why an upgrade failed or was reverted. Closed; `unspecified` stands for a foreign agent, which gives none (spec §3.2). */
export const FailureCode = z.enum([
  "unspecified",
  "upgrades_disabled",
  "artifact_missing",
  "platform_mismatch",
  "drain_timeout",
  "download_refused",
  "download_failed",
  "staging_timeout",
  "disk_full",
  "size_mismatch",
  "hash_mismatch",
  "signature_invalid",
  "signature_untrusted",
  "version_conflict",
  "layout_invalid",
  "self_test_failed",
  "self_test_timeout",
  "self_test_wrong_version",
  "not_executable",
  "start_failed",
  "heartbeat_timeout",
  "new_agent_gave_up",
  "new_agent_silent",
  "crash_loop",
  "not_confirmed",
  "interrupted",
  "state-lost",
]);
export type FailureCode = z.infer<typeof FailureCode>;

/** Why an old agent stayed although it was told to stop (spec §4, Stop). */
export const StopRefusal = z.enum([
  "stale",
  "other_upgrade",
  "other_instance",
  "wrong_state",
  "new_agent_not_alive",
  "already_obeyed",
]);
export type StopRefusal = z.infer<typeof StopRefusal>;

/** Why an agent process came to be (spec §3.2, `started`). */
export const BootReason = z.enum(["install", "restart", "cutover", "revert", "reboot"]);
export type BootReason = z.infer<typeof BootReason>;
