// Attempts in one line each, and the older pages that take what the history document no longer holds.
import type { EndedUpgrade, OpenUpgrade } from "../device/document.ts";
import { cutText, MAX_LISTED, MOVED_AT_ONCE } from "./bounds.ts";
import { historyKeys, type UpgradeSummary } from "./document.ts";
import type { HistoryState } from "./state.ts";

export function summaryOf(upgrade: OpenUpgrade | EndedUpgrade): UpgradeSummary {
  const ended = "outcome" in upgrade ? upgrade : undefined;
  return {
    upgrade_id: upgrade.upgrade_id,
    from_version: upgrade.from_version,
    to_version: upgrade.to_version,
    phase: upgrade.phase,
    outcome: ended?.outcome ?? null,
    requested_at: upgrade.requested_at,
    requested_seq: upgrade.requested_seq,
    requested_by: upgrade.requested_by,
    reason: cutText(upgrade.reason),
    completed_at: ended?.completed_at ?? null,
    completed_seq: ended?.ended_by.seq ?? null,
    verified: ended?.verified ?? false,
    reverted: ended !== undefined && ended.reverted !== null,
    last_error: upgrade.last_error === null ? null : cutText(upgrade.last_error),
    reason_code: upgrade.reason_code,
    late_events: 0,
  };
}

/** Brings the line of an attempt up to date, or adds it. */
export function noteUpgrade(upgrades: UpgradeSummary[], upgrade: OpenUpgrade | EndedUpgrade): void {
  const index = upgrades.findIndex(({ upgrade_id: id }) => id === upgrade.upgrade_id);
  const known = upgrades[index];
  if (known === undefined) upgrades.push(summaryOf(upgrade));
  else upgrades[index] = { ...summaryOf(upgrade), late_events: known.late_events };
}

/** Moves the oldest lines to a page of their own when there are too many. */
export function moveOlder(state: HistoryState, seq: number): void {
  const { document } = state;
  if (document.intervals.length <= MAX_LISTED && document.upgrades.length <= MAX_LISTED) return;
  document.older_pages += 1;
  const page = document.older_pages;
  const value = {
    device_id: document.device_id,
    page,
    intervals: document.intervals.length > MAX_LISTED ? document.intervals.splice(0, MOVED_AT_ONCE) : [],
    upgrades: document.upgrades.length > MAX_LISTED ? document.upgrades.splice(0, MOVED_AT_ONCE) : [],
    valid_at_seq: seq,
  };
  state.finished.push({ key: historyKeys.olderPage(document.device_id, page), validAtSeq: seq, value });
}
