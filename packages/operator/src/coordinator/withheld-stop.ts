// Why a device's old agent is not told to stop, as the API and `why` show it.
import type { DeviceId, UpgradeId } from "@upgrade-ledger/contract";
import type { WithheldReason } from "./core/withheld.ts";

/** Beside the reasons of the decision itself: the broker can't be reached, or did not store what was decided. */
export type ShellReason = "link-down" | "not-stored";

export interface WithheldStop {
  readonly device_id: DeviceId;
  readonly upgrade_id: UpgradeId;
  readonly reason: WithheldReason | ShellReason;
  /** Completes the sentence "it waits for …". */
  readonly waiting_for: string;
  /** RFC 3339 UTC. */
  readonly since: string;
}
