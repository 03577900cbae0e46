// Why no stop is issued: a closed list with plain words (spec §5: "says why it withholds a stop").
import { StopRefusal } from "@upgrade-ledger/contract";

export const WITHHELD_REASONS = [
  "not-cutover-ready",
  "cancelled",
  "newer-command",
  "stop-obeyed",
  "old-instance-unknown",
  "not-observing",
  "stop-pending",
  "stop-refused",
  "attempts-exhausted",
  "old-silent",
  "too-many-instances",
  "new-missing",
  "new-wrong-version",
  "several-new",
  "new-not-running",
  "new-other-upgrade",
  "new-silent",
  "soaking",
] as const;
export type WithheldReason = (typeof WITHHELD_REASONS)[number];

export interface Withheld {
  readonly kind: "withhold";
  readonly reason: WithheldReason;
  /** What is waited for, to be read after "waiting for". */
  readonly waitingFor: string;
  /** Since when this holds, RFC 3339: ledger time where an event began it, else this process's wall clock. */
  readonly since: string;
}

export function withhold(reason: WithheldReason, since: string, waitingFor: string): Withheld {
  return { kind: "withhold", reason, waitingFor, since };
}

/** `15 s`, `0.3 s`: never rounded down to nothing. */
export function seconds(ms: number): string {
  return `${Math.max(0.1, Math.round(ms / 100) / 10)} s`;
}

/** Why an old agent refused to stop, in words (spec §4, Stop). */
export function refusalInWords(code: string): string {
  const known = StopRefusal.safeParse(code);
  return known.success ? inWords(known.data) : code;
}

function inWords(code: StopRefusal): string {
  switch (code) {
    case "stale":
      return "it read the stop too late to obey it";
    case "other_upgrade":
      return "the stop named another upgrade than its own";
    case "other_instance":
      return "the stop named another instance";
    case "wrong_state":
      return "it was not cutover-ready";
    case "new_agent_not_alive":
      return "the new agent did not answer it on the device";
    case "already_obeyed":
      return "it was stopping already";
  }
}
