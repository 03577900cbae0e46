import type { EndedUpgrade } from "../device/document.ts";
import { DEFAULT_TIMINGS, type TimingSettings } from "./live.ts";

/** Until when a new version may still go back on its own (RFC 3339; spec §4, Probation); `null` if it was not `done`. */
export function probationUntil(
  upgrade: EndedUpgrade,
  timings: Pick<TimingSettings, "probationMs"> = DEFAULT_TIMINGS,
): string | null {
  if (upgrade.outcome !== "done" || upgrade.reverted !== null) return null;
  return new Date(Date.parse(upgrade.completed_at) + timings.probationMs).toISOString();
}
