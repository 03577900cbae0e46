// A made-up history of one upgrade, played against the real decision: a ledger with a broker's compare-and-set, one coordinator that
// reads it, perhaps late, and heartbeats. What happened is written down, so that a test can judge it without the code under test.
import {
  type AgentState,
  EventId,
  type EventRef,
  InstanceId,
  type ReadHeartbeat,
  type ReportedVersion,
  type UpgradeId,
} from "@upgrade-ledger/contract";
import {
  type CutoverWatch,
  noteStop,
  observe,
  openWatch,
  recordObservation,
} from "../../src/coordinator/core/cutover-watch.ts";
import { decide } from "../../src/coordinator/core/decide.ts";
import type { CoordinatorSettings } from "../../src/coordinator/core/settings.ts";
import type { StopDraft } from "../../src/coordinator/core/stop-draft.ts";
import type { CutoverView, StopView, UpgradeView } from "../../src/coordinator/core/upgrade-view.ts";
import { at, heartbeat, OLD, UPGRADE, upgradeView } from "./scene.ts";

export type Step =
  | { readonly kind: "pass"; readonly ms: number }
  /** Heartbeats of old and new as they should be, `count` times, one interval apart. */
  | { readonly kind: "good"; readonly count: number }
  | {
      readonly kind: "heartbeat";
      readonly instance: InstanceId;
      readonly version: ReportedVersion;
      readonly state: AgentState | null;
      readonly upgradeId: UpgradeId | null;
      readonly intervalMs: number;
    }
  | { readonly kind: "cutover-ready"; readonly foreign: boolean }
  | { readonly kind: "newer" | "cancel" | "failed" | "stopping" | "refuse" | "restart" | "lag" | "catch-up" };

type Stored =
  | { readonly type: "cutover-ready"; readonly seq: number; readonly foreign: boolean }
  | {
      readonly type: "upgrade-stop";
      readonly seq: number;
      readonly eventId: EventId;
      readonly draft: StopDraft;
    }
  | {
      readonly type: "agent-observed";
      readonly seq: number;
      readonly eventId: EventId;
      readonly instance: InstanceId;
      readonly version: string;
    }
  | { readonly type: "newer" | "cancel" | "failed" | "stopping" | "refuse"; readonly seq: number };

/** What happened, in order, as an onlooker of both the ledger and the coordinator's input would write it down. */
export type Happening = { readonly ms: number } & (
  | { readonly what: "stored"; readonly event: Stored }
  | { readonly what: "read"; readonly event: Stored }
  | { readonly what: "heard"; readonly beat: ReadHeartbeat }
  | { readonly what: "restart" }
);

const FIRST_SEQ = 7;
const GOOD_INTERVAL_MS = 1_000;

export class Story {
  readonly happened: Happening[] = [];
  readonly #settings: CoordinatorSettings;
  readonly #ledger: Stored[] = [];
  #readUpTo = FIRST_SEQ;
  #lagging = false;
  #ms = 0;
  #watch: CutoverWatch | null = null;

  constructor(settings: CoordinatorSettings) {
    this.#settings = settings;
  }

  play(steps: readonly Step[]): readonly Happening[] {
    for (const step of steps) this.#take(step);
    return this.happened;
  }

  #take(step: Step): void {
    switch (step.kind) {
      case "pass":
        this.#ms += step.ms;
        break;
      case "good":
        for (let count = 0; count < step.count; count++) {
          this.#hear(heartbeat(OLD));
          this.#hear(heartbeat(InstanceId.parse("new")));
          this.#ms += GOOD_INTERVAL_MS;
        }
        break;
      case "heartbeat":
        this.#hear(
          heartbeat(step.instance, {
            current_version: step.version,
            agent_state: step.state,
            upgrade_id: step.upgradeId,
            interval_ms: step.intervalMs,
          }),
        );
        break;
      case "cutover-ready":
        this.#store((seq) => ({ type: "cutover-ready", seq, foreign: step.foreign }));
        break;
      case "newer":
      case "cancel":
      case "failed":
      case "stopping":
      case "refuse": {
        const { kind } = step;
        this.#store((seq) => ({ type: kind, seq }));
        break;
      }
      case "restart":
        this.#watch = null;
        this.#note({ what: "restart" });
        this.#readUpTo = FIRST_SEQ;
        this.#read();
        break;
      case "lag":
        this.#lagging = true;
        break;
      case "catch-up":
        this.#lagging = false;
        this.#read();
        break;
    }
    this.#decide();
  }

  #hear(beat: ReadHeartbeat): void {
    this.#note({ what: "heard", beat });
    if (this.#watch !== null) this.#watch = observe(this.#watch, beat, at(this.#ms));
    this.#decide();
  }

  #store(make: (seq: number) => Stored): Stored {
    const event = make(FIRST_SEQ + this.#ledger.length + 1);
    this.#ledger.push(event);
    this.#note({ what: "stored", event });
    if (!this.#lagging) this.#read();
    return event;
  }

  #read(): void {
    for (const event of this.#ledger.filter(({ seq }) => seq > this.#readUpTo)) {
      this.#readUpTo = event.seq;
      this.#note({ what: "read", event });
      if (event.type === "cutover-ready") this.#watch = openWatch(cutoverId(event.seq), at(this.#ms));
      if (event.type === "upgrade-stop" && this.#watch !== null) {
        this.#watch = noteStop(this.#watch, event.draft.attempt, at(this.#ms));
      }
    }
  }

  #decide(): void {
    for (let round = 0; round < 3; round++) {
      const view = { upgrade: this.#view(), watch: this.#watch, settings: this.#settings };
      const decision = decide(view, at(this.#ms));
      if (decision.kind === "observe-first" && this.#watch !== null) {
        const { instanceId, runId } = decision.noted;
        const { eventId, draft } = decision;
        const stored =
          this.#storedUnder(eventId) ??
          this.#store((seq) => ({
            type: "agent-observed",
            seq,
            eventId,
            instance: instanceId,
            version: draft.current_version,
          }));
        this.#watch = recordObservation(this.#watch, instanceId, runId, {
          ...decision.noted,
          eventId,
          seq: stored.seq,
        });
      } else if (decision.kind === "stop") {
        const { eventId, draft } = decision;
        const lastCommand =
          this.#ledger.findLast(({ type }) => type === "newer" || type === "cancel")?.seq ?? FIRST_SEQ;
        if (lastCommand !== decision.expect.lastSequence) return;
        if (this.#storedUnder(eventId) === undefined)
          this.#store((seq) => ({ type: "upgrade-stop", seq, eventId, draft }));
        return;
      } else return;
    }
  }

  #storedUnder(eventId: EventId): Stored | undefined {
    return this.#ledger.find((event) => "eventId" in event && event.eventId === eventId);
  }

  /** What a fold makes of the events that were read. */
  #view(): UpgradeView | null {
    let cutover: CutoverView | null = null;
    let phase: UpgradeView["phase"] = "requested";
    let newerCommand: UpgradeView["newerCommand"] = null;
    const stops: StopView[] = [];
    const observations = new Map<InstanceId, EventRef>();
    for (const event of this.#ledger.filter(({ seq }) => seq <= this.#readUpTo)) {
      switch (event.type) {
        case "cutover-ready":
          phase = "cutover-ready";
          cutover = {
            eventId: cutoverId(event.seq),
            seq: event.seq,
            at: at(0).time,
            oldInstanceId: OLD,
            foreign: event.foreign,
          };
          break;
        case "upgrade-stop":
          stops.push({
            eventId: event.eventId,
            attempt: event.draft.attempt,
            at: at(0).time,
            deadlineMs: event.draft.deadline_ms,
            refusal: null,
          });
          break;
        case "agent-observed":
          observations.set(event.instance, event.eventId);
          break;
        case "newer":
        case "cancel":
          newerCommand = { cancels: event.type === "cancel", since: at(0).time };
          break;
        case "failed":
          return null;
        case "stopping":
          phase = "stopping";
          break;
        case "refuse": {
          const last = stops.pop();
          if (last !== undefined)
            stops.push({ ...last, refusal: { eventId: cutoverId(event.seq), reasonCode: "stale" } });
          break;
        }
      }
    }
    return upgradeView({
      upgradeId: UPGRADE,
      commandSeq: FIRST_SEQ,
      cutover,
      phase,
      newerCommand,
      stops,
      observations,
    });
  }

  #note(
    what:
      | { what: "stored" | "read"; event: Stored }
      | { what: "heard"; beat: ReadHeartbeat }
      | { what: "restart" },
  ): void {
    this.happened.push({ ms: this.#ms, ...what });
  }
}

function cutoverId(seq: number): EventId {
  return EventId.parse(`01930000-0000-7000-8000-${String(seq).padStart(12, "0")}`);
}
