// Whether a new version is on trial, and for how long (spec §4, Probation). Pure: no clock, process or file.
import { DEFAULTS, sameVersion } from "@upgrade-ledger/contract";
import { z } from "zod";

/** What the guard needs to know of an agent's marker file; whatever else later agents write there is their own business. */
export const MarkerOnDisk = z.object({
  upgrade: z.object({
    upgrade_id: z.string(),
    from_version: z.string(),
    to_version: z.string(),
    confirm_timeout_ms: z.number().positive().default(DEFAULTS.confirmTimeoutMs),
    at: z.object({
      step: z.string(),
      cutover: z.boolean().optional(),
      end: z.object({ type: z.string() }).optional(),
    }),
  }),
});
export type MarkerOnDisk = z.infer<typeof MarkerOnDisk>;

/** A new version that nobody but the guard watches: the link names it, and no process of its predecessor runs. */
export interface Trial {
  readonly upgradeId: string;
  readonly predecessor: string;
  readonly version: string;
  /** Its `done` has been acknowledged. */
  readonly confirmed: boolean;
  readonly confirmTimeoutMs: number;
}

const CUTOVER = new Set(["swapping", "starting", "cutover-ready", "stopping", "reverting"]);

/** The version that the marker puts on trial as soon as its predecessor no longer runs, wherever the link points. */
export function candidateOf(marker: MarkerOnDisk): Trial | undefined {
  const { upgrade_id, from_version, to_version, confirm_timeout_ms, at } = marker.upgrade;
  const confirmed = at.step === "probation";
  const done = at.step === "ended" && at.cutover === true && at.end?.type === "done";
  if (!confirmed && !done && !CUTOVER.has(at.step)) return undefined;
  if (sameVersion(from_version, to_version)) return undefined;
  return {
    upgradeId: upgrade_id,
    predecessor: from_version,
    version: to_version,
    confirmed,
    confirmTimeoutMs: confirm_timeout_ms,
  };
}

/**
 * The version that is on trial now, if any. `running`: the version of each process that runs, `null` where it is not
 * known: that one may be the predecessor.
 */
export function trialOf(
  marker: MarkerOnDisk,
  linkVersion: string | null,
  running: readonly (string | null)[],
): Trial | undefined {
  const candidate = candidateOf(marker);
  if (candidate === undefined || linkVersion === null) return undefined;
  if (!sameVersion(linkVersion, candidate.version) || mayRun(candidate.predecessor, running))
    return undefined;
  return candidate;
}

/** Whether one of the processes is, or may be, of that version. */
export function mayRun(version: string, running: readonly (string | null)[]): boolean {
  return running.some((one) => one === null || sameVersion(one, version));
}

/** What has been seen of the version on trial; kept in units.json. */
export const Tally = z.object({
  upgrade_id: z.string(),
  failures: z.int().nonnegative(),
  /** Monotonic time, in this boot, since which it has been on its own. */
  since_ms: z.number(),
});
export type Tally = z.infer<typeof Tally>;

/** The tally as it goes on: begun anew with another upgrade, and ended with the trial. */
export function continueTally(tally: Tally | null, trial: Trial | undefined, nowMs: number): Tally | null {
  if (trial === undefined) return null;
  if (tally?.upgrade_id === trial.upgradeId) return tally;
  return { upgrade_id: trial.upgradeId, failures: 0, since_ms: nowMs };
}

/** Whether it has had its time to be confirmed, and was not. */
export function isOverdue(trial: Trial, tally: Tally, nowMs: number): boolean {
  return !trial.confirmed && nowMs - tally.since_ms >= trial.confirmTimeoutMs;
}
