// `stalled`: an open upgrade that got stuck in a phase (spec §3.2, G9). Recorded once for each phase that it gets stuck in.
import {
  type EventId,
  type EventRef,
  Timestamp,
  type UpgradeId,
  type UpgradePhase,
} from "@upgrade-ledger/contract";
import { derivedEventId } from "@upgrade-ledger/ledger";
import type { UpgradeView } from "./upgrade-view.ts";

export interface StalledDraft {
  readonly type: "stalled";
  readonly upgrade_id: UpgradeId;
  readonly phase: UpgradePhase;
  readonly since: Timestamp;
  readonly caused_by: EventRef[];
}

export interface Stall {
  readonly kind: "stall";
  readonly eventId: EventId;
  readonly draft: StalledDraft;
}

/** The event that says so; its id is derived, so that the ledger says it once whoever notices it, and why ever. */
export function stallOf(
  upgrade: Pick<UpgradeView, "upgradeId" | "phase" | "phaseSince">,
  causes: EventRef[] = [],
): Stall {
  const { upgradeId, phase, phaseSince } = upgrade;
  return {
    kind: "stall",
    eventId: derivedEventId("stalled", upgradeId, phase, phaseSince),
    draft: {
      type: "stalled",
      upgrade_id: upgradeId,
      phase,
      since: Timestamp.parse(phaseSince),
      caused_by: causes,
    },
  };
}
