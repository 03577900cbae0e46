// The version history of one device and its attempts: KV `upgrade-histories` (spec §6).
import type { LedgerEvent, ForeignEvent, Outcome, UpgradePhase } from "@upgrade-ledger/contract";
import type { AnomalyKind, Cited, DeviceDocument, EndedUpgrade, UpgradeCommon } from "../device/document.ts";

/** How a device came to run a version. */
export type IntervalOrigin = "first-seen" | "upgrade" | "unrequested" | "revert";

/** From when to when a device ran a version. Times are ledger times; `to` is `null` for the version that runs now. */
export interface VersionInterval {
  version: string;
  from: string;
  from_seq: number;
  to: string | null;
  to_seq: number | null;
  how: IntervalOrigin;
  /** The event that it rests on: `done`, `reverted`, `agent-observed`, `started`… */
  event_id: string;
  upgrade_id: string | null;
  requested_by: string | null;
  reason: string | null;
}

/** An upgrade in one line of a list. */
export interface UpgradeSummary {
  upgrade_id: string;
  from_version: string;
  to_version: string;
  /** Of an ended one: the phase that it ended in. */
  phase: UpgradePhase;
  /** `null` while it is open or queued. */
  outcome: Outcome | null;
  requested_at: string;
  requested_seq: number;
  requested_by: string;
  reason: string;
  completed_at: string | null;
  completed_seq: number | null;
  verified: boolean;
  /** It was `done` and went back later. */
  reverted: boolean;
  last_error: string | null;
  reason_code: string | null;
  /** Events of it that came after its end. */
  late_events: number;
}

/** One ledger entry about a device, as it was read. */
export interface RecordedEvent {
  seq: number;
  ledger_time: string;
  event_id: string;
  type: string;
  /** The upgrade that it names, or that was open when it came; `null` if it belongs to none. */
  upgrade_id: string | null;
  anomalies: AnomalyKind[];
  /** As read; `null` for an unknown type or schema version, which only the ledger itself holds. */
  event: LedgerEvent | ForeignEvent | null;
}

/** When an upgrade entered a phase; the same phase twice in a row is one entry, back and forth are several. */
export interface PhaseEntered extends Cited {
  phase: UpgradePhase;
  at: string;
}

/**
 * One attempt with everything that is known of it. Key `<device_id>.<upgrade_id>` from the moment it is asked for;
 * never overwritten by the next one.
 */
export interface UpgradeRecord {
  device_id: string;
  upgrade_id: string;
  /** The attempt as it stands: times, who asked and why, stops with their evidence, errors, outcome. */
  upgrade: UpgradeCommon | EndedUpgrade;
  outcome: Outcome | null;
  phases: PhaseEntered[];
  /** The latest events of this attempt, in ledger order. */
  events: RecordedEvent[];
  /** How many earlier pages of events there are: keys `<device_id>.<upgrade_id>.1` … */
  event_pages: number;
  /** Events in all, those in earlier pages included. */
  event_count: number;
  valid_at_seq: number;
}

/** The part of a record that only grows; the attempt itself is in `device` while the record may change. */
export interface WorkingRecord extends Pick<
  UpgradeRecord,
  "upgrade_id" | "phases" | "events" | "event_pages" | "event_count"
> {
  /** Size of `events` as JSON, bytes. */
  bytes: number;
  changed_seq: number;
}

/**
 * Entries in ledger order. Key `<device_id>.events.<n>`: what belongs to no upgrade that was open or the last one then (late
 * events of older upgrades among them); key `<device_id>.<upgrade_id>.<n>`: earlier pages of a long attempt.
 */
export interface EventPage {
  device_id: string;
  /** Of a long attempt's page; `null` for events outside. */
  upgrade_id: string | null;
  page: number;
  events: RecordedEvent[];
  /** Size of `events` as JSON, bytes. */
  bytes: number;
  valid_at_seq: number;
}

/** Older intervals and attempts of a device with a long history: key `<device_id>.older.<n>`. */
export interface OlderPage {
  device_id: string;
  page: number;
  intervals: VersionInterval[];
  upgrades: UpgradeSummary[];
  valid_at_seq: number;
}

/** Key `<device_id>`. */
export interface HistoryDocument {
  device_id: string;
  /** Oldest first; earlier ones are in the older pages. */
  intervals: VersionInterval[];
  /** In the order in which they were asked for; earlier ones are in the older pages. */
  upgrades: UpgradeSummary[];
  /** How many older pages there are: keys `<device_id>.older.1` … */
  older_pages: number;
  /** The page of events outside upgrades that is being filled, also stored as `<device_id>.events.<page>`. */
  outside: EventPage;
  /** The records that may still change: open, queued, last. Each is also stored whole under its own key. */
  working: WorkingRecord[];
  /** The device as this fold knows it: a fold reads no document but its own (spec §5). */
  device: DeviceDocument;
  valid_at_seq: number;
}

/** KV keys of the bucket `upgrade-histories`. */
export const historyKeys = {
  history: (deviceId: string) => deviceId,
  record: (deviceId: string, upgradeId: string) => `${deviceId}.${upgradeId}`,
  recordPage: (deviceId: string, upgradeId: string, page: number) => `${deviceId}.${upgradeId}.${page}`,
  eventPage: (deviceId: string, page: number) => `${deviceId}.events.${page}`,
  olderPage: (deviceId: string, page: number) => `${deviceId}.older.${page}`,
} as const;
