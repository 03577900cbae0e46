// The coordinator's shell: keeps what the decision needs, asks it whenever something changed, and carries out what it says (spec §5).
import { DeviceId, type ReadHeartbeat } from "@upgrade-ledger/contract";
import { LedgerUnavailableError } from "@upgrade-ledger/ledger";
import type { Logger } from "pino";
import type { Clock } from "../clock.ts";
import type { DeviceStates } from "../devices/device-states.ts";
import { upgradeViewOf } from "../devices/upgrade-view-of.ts";
import type { LiveHeartbeats } from "../heartbeats/live-heartbeats.ts";
import type { Link } from "../link.ts";
import { type CutoverWatch, noteStop, observe, openWatch } from "./core/cutover-watch.ts";
import { type Decision, decide } from "./core/decide.ts";
import type { Moment } from "./core/moment.ts";
import type { CoordinatorSettings } from "./core/settings.ts";
import type { UpgradeView } from "./core/upgrade-view.ts";
import { type Effects, type Order, carryOut } from "./carry-out.ts";
import type { WithheldStop } from "./withheld-stop.ts";

export interface CoordinatorOptions {
  readonly states: DeviceStates;
  readonly heartbeats: LiveHeartbeats;
  readonly effects: Effects;
  readonly settings: CoordinatorSettings;
  readonly clock: Clock;
  readonly link: Link;
  readonly log: Logger;
}

/** How often waits that no event ends are looked at, milliseconds. */
const TICK_MS = 500;

export class Coordinator {
  readonly #options: CoordinatorOptions;
  readonly #watches = new Map<DeviceId, CutoverWatch>();
  readonly #withheld = new Map<DeviceId, WithheldStop>();
  /** Devices that are being worked on, and what to wait for before the coordinator has stopped. */
  readonly #working = new Map<DeviceId, Promise<void>>();
  readonly #dirty = new Set<DeviceId>();
  /** Where the latest observation by this process is stored, until it is sure to have been read. */
  readonly #observedSeq = new Map<DeviceId, number>();
  #stopsIssued = 0;
  #unlisten: () => void = () => undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: CoordinatorOptions) {
    this.#options = options;
  }

  /** Begins. The device states must have caught up with the ledger: every cutover that is open now is observed from now on. */
  start(): void {
    const { states, heartbeats } = this.#options;
    states.onChange((deviceId) => this.#read(deviceId));
    this.#unlisten = heartbeats.listen((heartbeat, at) => this.#hear(heartbeat, at));
    for (const [deviceId] of states.entries()) this.#read(deviceId);
    this.#timer = setInterval(() => {
      for (const deviceId of this.#watches.keys()) this.#wake(deviceId);
    }, TICK_MS);
  }

  /** Why each device with an open upgrade gets no stop at present. */
  withheldReasons(): readonly WithheldStop[] {
    return [...this.#withheld.values()];
  }

  /** Why one device gets no stop at present; `undefined` if there is nothing to withhold. */
  withheldReason(deviceId: string): WithheldStop | undefined {
    const id = DeviceId.safeParse(deviceId);
    return id.success ? this.#withheld.get(id.data) : undefined;
  }

  /** Stops that this process has stored. */
  get stopsIssued(): number {
    return this.#stopsIssued;
  }

  /** Decides nothing more, and waits for what is under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    this.#unlisten();
    await Promise.all(this.#working.values());
  }

  #view(deviceId: DeviceId): UpgradeView | null {
    const document = this.#options.states.get(deviceId);
    return document === undefined ? null : upgradeViewOf(deviceId, document);
  }

  /** Something about the device was read from the ledger. */
  #read(deviceId: DeviceId): void {
    const now = this.#options.clock.now();
    const view = this.#view(deviceId);
    const cutover = view?.cutover ?? null;
    if (view === null || cutover === null) {
      this.#watches.delete(deviceId);
      this.#observedSeq.delete(deviceId);
    } else {
      const known = this.#watches.get(deviceId);
      const watch = known?.cutoverEventId === cutover.eventId ? known : openWatch(cutover.eventId, now);
      const stop = view.stops.at(-1);
      this.#watches.set(deviceId, stop === undefined ? watch : noteStop(watch, stop.attempt, now));
    }
    this.#wake(deviceId);
  }

  #hear(heartbeat: ReadHeartbeat, at: Moment): void {
    const watch = this.#watches.get(heartbeat.device_id);
    if (watch === undefined) return;
    this.#watches.set(heartbeat.device_id, observe(watch, heartbeat, at));
    this.#wake(heartbeat.device_id);
  }

  /** Has the device looked at, after what is under way for it. */
  #wake(deviceId: DeviceId): void {
    if (this.#stopped) return;
    this.#dirty.add(deviceId);
    if (this.#working.has(deviceId)) return;
    const work = this.#work(deviceId)
      .catch((error: unknown) => this.#failed(deviceId, error))
      .finally(() => {
        this.#working.delete(deviceId);
        // Whatever came after the last look, and before it was known to be the last.
        if (this.#dirty.has(deviceId)) this.#wake(deviceId);
      });
    this.#working.set(deviceId, work);
  }

  async #work(deviceId: DeviceId): Promise<void> {
    while (this.#dirty.delete(deviceId) && !this.#stopped) {
      const upgrade = this.#view(deviceId);
      const watch = this.#watches.get(deviceId) ?? null;
      const decision = decide(
        { upgrade, watch, settings: this.#options.settings },
        this.#options.clock.now(),
      );
      const order = this.#orderIn(decision, deviceId, upgrade);
      if (order === null || upgrade === null) continue;
      if (order.kind === "observe-first" && (await this.#waitForOwnObservation(deviceId))) continue;
      await this.#obey(order, upgrade);
    }
  }

  /** The id of an observation comes from the one before it, so that has to be read first. Whether it had to be waited for: then decide anew. */
  async #waitForOwnObservation(deviceId: DeviceId): Promise<boolean> {
    const { states } = this.#options;
    const seq = this.#observedSeq.get(deviceId) ?? 0;
    this.#observedSeq.delete(deviceId);
    if (states.seq >= seq) return false;
    await states.reached(seq);
    this.#dirty.add(deviceId);
    return true;
  }

  /** Notes why nothing is done, or answers what is to be done. */
  #orderIn(decision: Decision, deviceId: DeviceId, upgrade: UpgradeView | null): Order | null {
    switch (decision.kind) {
      case "idle":
        this.#withheld.delete(deviceId);
        return null;
      case "withhold":
        this.#withhold(deviceId, upgrade, decision.reason, decision.waitingFor, decision.since);
        return null;
      case "observe-first":
      case "stop":
      case "stall":
        if (this.#options.link.isUp()) return decision;
        this.#withhold(deviceId, upgrade, "link-down", "the connection to the broker");
        return null;
    }
  }

  async #obey(order: Order, upgrade: UpgradeView): Promise<void> {
    const { deviceId } = upgrade;
    const { effects, states, log } = this.#options;
    const result = await carryOut(order, upgrade, effects);
    if (result.kind === "not-stored") {
      this.#withhold(
        deviceId,
        upgrade,
        "not-stored",
        `the ledger to take ${order.draft.type}: ${result.detail}`,
      );
      log.error(
        { deviceId, upgradeId: upgrade.upgradeId, type: order.draft.type, detail: result.detail },
        "not stored",
      );
      return;
    }
    if (result.kind === "stored") {
      if (order.kind === "stop" && result.ours) {
        this.#stopsIssued += 1;
        const { attempt, evidence, stop_instance_id } = order.draft;
        log.info(
          { deviceId, upgradeId: upgrade.upgradeId, attempt, evidence, stop_instance_id, seq: result.seq },
          "stop issued",
        );
      }
      // A stop may follow its observation at once: the broker stores them in this order.
      if (order.kind === "observe-first") this.#observedSeq.set(deviceId, result.seq);
      else await states.reached(result.seq);
    }
    // Only now, with what was heard and read meanwhile: a watch that was replaced, or a run that was broken, takes no note.
    const watch = this.#watches.get(deviceId);
    if (watch?.cutoverEventId === upgrade.cutover?.eventId && watch !== undefined) {
      this.#watches.set(deviceId, result.note(watch));
    }
    this.#dirty.add(deviceId);
  }

  #failed(deviceId: DeviceId, error: unknown): void {
    const { log } = this.#options;
    this.#withhold(deviceId, this.#view(deviceId), "not-stored", "the ledger to answer");
    if (error instanceof LedgerUnavailableError) {
      log.warn({ deviceId, detail: error.message }, "the ledger does not answer: deciding anew later");
    } else {
      log.error({ err: error, deviceId }, "a decision could not be carried out");
    }
  }

  #withhold(
    deviceId: DeviceId,
    upgrade: UpgradeView | null,
    reason: WithheldStop["reason"],
    waitingFor: string,
    since?: string,
  ): void {
    if (upgrade === null) return;
    const { upgradeId } = upgrade;
    const known = this.#withheld.get(deviceId);
    const same = known?.reason === reason && known.upgrade_id === upgradeId;
    const began = since ?? (same ? known.since : this.#options.clock.now().time);
    this.#withheld.set(deviceId, {
      device_id: deviceId,
      upgrade_id: upgradeId,
      reason,
      waiting_for: waitingFor,
      since: began,
    });
    if (!same)
      this.#options.log.debug({ deviceId, upgradeId, reason, waitingFor, since: began }, "stop withheld");
  }
}
