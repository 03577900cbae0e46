// How one step becomes the next: marker first, then what follows from it.
import { type EventId, EventRef, LastError, type UpgradeId } from "@upgrade-ledger/contract";
import { derivedEventId } from "@upgrade-ledger/ledger";
import type { z } from "zod";
import type { Effect, EventBody } from "./effect.ts";
import type { Ending, Step, Upgrade } from "./marker.ts";
import type { State } from "./state.ts";

/** The outcome of one step of the procedure. */
export interface Turn {
  readonly state: State;
  readonly effects: readonly Effect[];
}

export function turn(state: State, ...effects: readonly Effect[]): Turn {
  return { state, effects };
}

/** Carries on from a turn: the effects of both, in order. */
export function andThen(first: Turn, next: (state: State) => Turn): Turn {
  const second = next(first.state);
  return { state: second.state, effects: [...first.effects, ...second.effects] };
}

/** Writes the upgrade (or its absence) and what was attempted. */
export function persist(state: State): Effect {
  return { do: "persist", upgrade: state.upgrade, attempts: state.attempts };
}

/** The state with the open upgrade at another step. */
export function at(state: State, upgrade: Upgrade, step: Step): State & { readonly upgrade: Upgrade } {
  return { ...state, upgrade: { ...upgrade, at: step } };
}

/** An event of the given upgrade. */
export function publish(upgradeId: UpgradeId, body: EventBody, eventId: EventId | null = null): Effect {
  return { do: "publish", eventId, draft: { ...body, upgrade_id: upgradeId } };
}

/**
 * The id of an upgrade's terminal event: derived, so that whichever process of the device writes it, and however often
 * after a crash, the ledger holds one.
 */
export function terminalEventId(upgradeId: UpgradeId): EventId {
  return derivedEventId("upgrade-ended", upgradeId);
}

/** The id of the `reverted` event of an upgrade that was done, derived for the same reason. */
export function revertedEventId(upgradeId: UpgradeId): EventId {
  return derivedEventId("upgrade-reverted", upgradeId);
}

type Citation = z.infer<typeof EventRef>;

/** The ids as `caused_by` holds them. */
export function cite(...ids: readonly string[]): Citation[] {
  return ids.map((id) => EventRef.parse(id));
}

const MAX_ERROR = 4_096;

/** A text that fits `last_error`: the end of a long one, where the cause stands (spec §3.2: at most 4 KiB). */
export function lastError(text: string): string {
  let fitting = text.length > MAX_ERROR ? text.slice(-MAX_ERROR) : text;
  while (Buffer.byteLength(fitting) > MAX_ERROR) fitting = fitting.slice(Math.ceil(fitting.length / 8));
  return LastError.parse(fitting);
}

/** Decides the end: in the marker first, then as the terminal event. */
export function end(state: State, upgrade: Upgrade, ending: Ending, cutover: boolean): Turn {
  const ended = at(state, upgrade, { step: "ended", end: ending, cutover });
  return turn(ended, persist(ended), terminal(upgrade.upgrade_id, ending));
}

/** The terminal event as an effect; the outbox writes it once. */
export function terminal(upgradeId: UpgradeId, ending: Ending): Effect {
  return publish(upgradeId, ending, terminalEventId(upgradeId));
}
