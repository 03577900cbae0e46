import {
  type ReplayStep,
  UpgradeDetail,
  type UpgradeSummary,
  type VersionInterval,
} from "@upgrade-ledger/api/schema";
import type { z } from "zod";
import type { AsOfOptions } from "../commands/as-of-options.ts";

/** What `why` tells of an attempt: what the ledger says, and nothing that only a running service knows. */
export const Attempt = UpgradeDetail.pick({
  device_id: true,
  upgrade_id: true,
  from_version: true,
  to_version: true,
  phase: true,
  requested_at: true,
  requested_by: true,
  reason: true,
  outcome: true,
  completed_at: true,
  verified: true,
  reason_code: true,
  last_error: true,
  why: true,
});
export type Attempt = z.infer<typeof Attempt>;
export type Interval = z.infer<typeof VersionInterval>;
export type Summary = z.infer<typeof UpgradeSummary>;

export interface Selection {
  readonly upgrade?: string | undefined;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

/** Where the past comes from. */
export interface HistorySource {
  versions(device: string, asOf: AsOfOptions): Promise<Interval[]>;
  upgrades(device: string, asOf: AsOfOptions): Promise<Summary[]>;
  replay(device: string, selection: Selection): Promise<ReplayStep[]>;
  /** The device's last event at or before a ledger sequence; `undefined` if it had none. @throws CliError beyond the head */
  stepAt(device: string, seq: number): Promise<ReplayStep | undefined>;
  attempt(upgrade: string): Promise<Attempt>;
}
