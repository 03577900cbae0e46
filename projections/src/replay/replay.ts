// The life of one device again, event by event (spec §6, Replay): what each changed, and on what it rested.
import type { ForeignEvent, LedgerEntry, LedgerEvent } from "@upgrade-ledger/contract";
import { applyToDevice, type Meaning } from "../device/apply.ts";
import type { AnomalyKind, DeviceDocument } from "../device/document.ts";
import { initialDevice } from "../device/initial.ts";
import { deviceProjection } from "../device/projection.ts";
import { evolveWithPatches, type Projection } from "../projection.ts";
import { sentenceOf } from "../read/sentence.ts";
import { type JsonPatchOperation, jsonPatchOf } from "./json-patch.ts";

/** A device's document as people read it: without what only the fold needs. */
export type DeviceState = Omit<DeviceDocument, "bookkeeping">;

/** An event that another one relied on. `seq` and `type` are `null` if it is not one of this device. */
export interface ReplayCause {
  ref: string;
  seq: number | null;
  type: string | null;
}

/** One event of a device, and the device after it. */
export interface ReplayStep {
  seq: number;
  /** The broker's clock. */
  ledger_time: string;
  /** The writer's clock; `null` where it gives none. */
  occurred_at: string | null;
  /** Ledger time since the device's event before this one, milliseconds; negative where the broker's clock went back. */
  since_previous_ms: number | null;
  event_id: string;
  type: string;
  upgrade_id: string | null;
  anomalies: AnomalyKind[];
  /** One sentence. */
  text: string;
  causes: ReplayCause[];
  /** From the state after the event before (at first: of a device of which nothing is known) to `state`. */
  patch: JsonPatchOperation[];
  state: DeviceState;
}

/** Which events to show. All are folded: what one changed depends on all before it. */
export interface ReplaySelection {
  readonly upgradeId?: string | undefined;
  readonly fromSeq?: number | undefined;
  readonly toSeq?: number | undefined;
}

/** An event of a device as far as a selection looks at it. */
export interface ReplayedEvent {
  readonly seq: number;
  readonly event_id: string;
  readonly type: string;
  readonly upgrade_id: string | null;
}

const HIDDEN: ReadonlySet<string | number> = new Set(["bookkeeping"]);

/** The device's document without its bookkeeping. */
export function stateOf({ bookkeeping: _ofTheFold, ...state }: DeviceDocument): DeviceState {
  return state;
}

/** The replay of one device: first its events, then the steps that are asked for. */
export class Replay {
  readonly events: readonly ReplayedEvent[];
  readonly #deviceId: string;
  readonly #entries: readonly LedgerEntry[];
  readonly #bySeq: ReadonlyMap<number, ReplayedEvent>;
  readonly #byId = new Map<string, ReplayedEvent>();

  /** `entries`: in ledger order, all of the device; those of others are passed over. */
  constructor(deviceId: string, entries: Iterable<LedgerEntry>) {
    this.#deviceId = deviceId;
    this.#entries = [...entries].filter((entry) => deviceProjection.keyOf(entry) === deviceId);
    const device = initialDevice(deviceId);
    this.events = this.#entries.flatMap((entry) => {
      const meaning = applyToDevice(device, entry);
      if (meaning === undefined) return [];
      const { eventId, type, upgradeId } = meaning;
      return [{ seq: entry.seq, event_id: eventId, type, upgrade_id: upgradeId }];
    });
    this.#bySeq = new Map(this.events.map((event) => [event.seq, event]));
    for (const event of this.events)
      if (!this.#byId.has(event.event_id)) this.#byId.set(event.event_id, event);
  }

  /** The events that a selection is about, in ledger order. */
  select({ upgradeId, fromSeq = 0, toSeq = Number.POSITIVE_INFINITY }: ReplaySelection): ReplayedEvent[] {
    return this.events.filter(
      ({ seq, upgrade_id: id }) =>
        fromSeq <= seq && seq <= toSeq && (upgradeId === undefined || id === upgradeId),
    );
  }

  /** The steps of the events at these sequences, in ledger order. */
  steps(seqs: ReadonlySet<number>): ReplayStep[] {
    const last = Math.max(0, ...seqs);
    const steps: ReplayStep[] = [];
    let device = initialDevice(this.#deviceId);
    let before: LedgerEntry | undefined;
    // Plain state may be changed in place only while no step holds it.
    let shared = false;
    for (const entry of this.#entries) {
      if (entry.seq > last) break;
      if (entry.seq <= device.valid_at_seq) continue;
      if (seqs.has(entry.seq)) {
        const { step, device: after } = this.#step(device, entry, before);
        steps.push(step);
        device = after;
        shared = true;
      } else {
        if (shared) device = structuredClone(device);
        shared = false;
        applyToDevice(device, entry);
      }
      before = entry;
    }
    return steps;
  }

  #step(
    device: DeviceDocument,
    entry: LedgerEntry,
    before: LedgerEntry | undefined,
  ): { readonly step: ReplayStep; readonly device: DeviceDocument } {
    const told = new Listening();
    const { state, patches } = evolveWithPatches(told.projection, device, entry);
    const { eventId, type, upgradeId, anomalies, event } = told.meaning;
    const recorded = {
      seq: entry.seq,
      ledger_time: entry.ledgerTime,
      event_id: eventId,
      type,
      upgrade_id: upgradeId,
      anomalies: [...anomalies],
      event,
    };
    const { event: _asRead, ...common } = recorded;
    const step: ReplayStep = {
      ...common,
      occurred_at: event?.occurred_at ?? null,
      since_previous_ms:
        before === undefined ? null : Date.parse(entry.ledgerTime) - Date.parse(before.ledgerTime),
      text: sentenceOf(recorded),
      causes: this.#causesOf(event),
      patch: jsonPatchOf(patches, HIDDEN),
      state: stateOf(state),
    };
    return { step, device: state };
  }

  #causesOf(event: LedgerEvent | ForeignEvent | null): ReplayCause[] {
    return (event?.caused_by ?? []).map((ref) => {
      const cause = ref.startsWith("seq:")
        ? this.#bySeq.get(Number(ref.slice("seq:".length)))
        : this.#byId.get(ref);
      return { ref, seq: cause?.seq ?? null, type: cause?.type ?? null };
    });
  }
}

/** The device's fold, which also tells what the entry meant. */
class Listening {
  #meaning: Meaning | undefined;

  readonly projection: Projection<DeviceDocument> = {
    ...deviceProjection,
    evolve: (device, entry) => {
      this.#meaning = applyToDevice(device, entry);
    },
  };

  get meaning(): Meaning {
    if (this.#meaning === undefined)
      throw new Error("the entry was taken in before, or is of another device");
    return this.#meaning;
  }
}
