// Puts what was decided into the ledger, and says what the watch should note of it.
import type { DeviceId } from "@upgrade-ledger/contract";
import type { LedgerWriter } from "@upgrade-ledger/ledger";
import { type CutoverWatch, noteNewerCommand, noteStall, recordObservation } from "./core/cutover-watch.ts";
import type { Decision } from "./core/decide.ts";
import type { UpgradeView } from "./core/upgrade-view.ts";
import { storedSeq } from "./stored-seq.ts";

/** A decision that asks for something to be appended. */
export type Order = Extract<Decision, { kind: "observe-first" | "stop" | "stall" }>;

/** Both writers of an operator process (spec §3.2, "who"): what was seen is the observer's to say, the stop the coordinator's. */
export interface Effects {
  readonly observer: LedgerWriter;
  readonly coordinator: LedgerWriter;
}

export type Carried =
  | {
      readonly kind: "stored";
      readonly seq: number;
      /** This process stored it, and not another operator before it. */
      readonly ours: boolean;
      readonly note: (watch: CutoverWatch) => CutoverWatch;
    }
  /** The broker knows a newer command. */
  | { readonly kind: "overtaken"; readonly note: (watch: CutoverWatch) => CutoverWatch }
  | { readonly kind: "not-stored"; readonly detail: string };

/** @throws LedgerUnavailableError when it is not known whether the event is stored: decide anew, and append again only if that says so */
export async function carryOut(order: Order, upgrade: UpgradeView, effects: Effects): Promise<Carried> {
  switch (order.kind) {
    case "observe-first":
      return observeFirst(order, upgrade, effects);
    case "stop":
      return stop(order, upgrade.deviceId, effects);
    case "stall":
      return stall(order, upgrade.deviceId, effects);
  }
}

async function observeFirst(
  order: Extract<Order, { kind: "observe-first" }>,
  { deviceId, cutover }: UpgradeView,
  effects: Effects,
): Promise<Carried> {
  const { eventId, draft, noted } = order;
  const outcome = await effects.observer.append(deviceId, draft, { eventId });
  const seq = storedSeq(outcome, draft.type, deviceId);
  if (seq === undefined) return { kind: "not-stored", detail: outcome.kind };
  if (cutover === null || seq <= cutover.seq) {
    return {
      kind: "not-stored",
      detail: `the same was observed before the cutover-ready, at sequence ${seq}`,
    };
  }
  const { instanceId, runId, ...recorded } = noted;
  const note = (watch: CutoverWatch) =>
    recordObservation(watch, instanceId, runId, { ...recorded, eventId, seq });
  return { kind: "stored", seq, ours: outcome.kind !== "id-taken", note };
}

async function stop(
  order: Extract<Order, { kind: "stop" }>,
  deviceId: DeviceId,
  effects: Effects,
): Promise<Carried> {
  const { eventId, draft, expect } = order;
  const outcome = await effects.coordinator.append(deviceId, draft, { eventId, expect });
  if (outcome.kind === "conflict") {
    const newer = Math.max(outcome.lastSequence ?? 0, expect.lastSequence + 1);
    return { kind: "overtaken", note: (watch) => noteNewerCommand(watch, newer) };
  }
  const seq = storedSeq(outcome, draft.type, deviceId);
  if (seq === undefined)
    return { kind: "not-stored", detail: outcome.kind === "refused" ? outcome.detail : outcome.kind };
  return { kind: "stored", seq, ours: outcome.kind !== "id-taken", note: (watch) => watch };
}

async function stall(
  order: Extract<Order, { kind: "stall" }>,
  deviceId: DeviceId,
  effects: Effects,
): Promise<Carried> {
  const { eventId, draft } = order;
  const outcome = await effects.observer.append(deviceId, draft, { eventId });
  const seq = storedSeq(outcome, draft.type, deviceId);
  if (seq === undefined) return { kind: "not-stored", detail: outcome.kind };
  return { kind: "stored", seq, ours: outcome.kind !== "id-taken", note: noteStall };
}
