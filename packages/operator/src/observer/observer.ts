// The observer's shell: records what is new in heartbeats, who has fallen silent, and which upgrades are stuck (spec §3.2, §5).
import {
  DEFAULT_INTERVAL_MS,
  type DeviceId,
  type EventId,
  type InstanceId,
  type ReadHeartbeat,
  Timestamp,
  UpgradeId,
} from "@upgrade-ledger/contract";
import {
  derivedEventId,
  LedgerUnavailableError,
  type LedgerWriter,
  type WriteOptions,
} from "@upgrade-ledger/ledger";
import { type DeviceDocument, stalledAtMs, type TimingSettings } from "@upgrade-ledger/projections";
import type { Logger } from "pino";
import type { Clock } from "../clock.ts";
import type { Moment } from "../coordinator/core/moment.ts";
import { elapsedMs } from "../coordinator/core/moment.ts";
import { stallOf } from "../coordinator/core/stall-draft.ts";
import { storedSeq } from "../coordinator/stored-seq.ts";
import type { DeviceStates } from "../devices/device-states.ts";
import { knownInstanceOf, readInstance } from "../devices/known-instance-of.ts";
import type { LiveHeartbeats } from "../heartbeats/live-heartbeats.ts";
import type { Link } from "../link.ts";
import { isNews, type KnownInstance } from "./core/known-instance.ts";
import { observationEventId } from "./core/observation-id.ts";
import { isSilent } from "./core/silence.ts";
import { DeviceQueue } from "./device-queue.ts";
import { Presences } from "./presences.ts";

export interface ObserverOptions {
  readonly states: DeviceStates;
  readonly heartbeats: LiveHeartbeats;
  readonly writer: LedgerWriter;
  readonly settings: Pick<TimingSettings, "offlineAfterIntervals" | "stalledAfterMs">;
  readonly clock: Clock;
  readonly link: Link;
  readonly log: Logger;
}

/** How often silence and overdue phases are looked for, milliseconds. */
const SWEEP_MS = 500;
/** A sweep that comes so much later than it should tells that this process stood still, and may have heartbeats unread. */
const STOOD_STILL_MS = 1_000;

type Draft = Parameters<LedgerWriter["append"]>[1];

export class Observer {
  readonly #options: ObserverOptions;
  readonly #presences: Presences;
  readonly #queues = new Map<DeviceId, DeviceQueue>();
  /** What the ledger will say of instances once the queued news are in it. */
  readonly #pending = new Map<DeviceId, Map<InstanceId, KnownInstance>>();
  /** For each device, the stall that was recorded last: progress and stall within one phase are told once. */
  readonly #stalls = new Map<DeviceId, string>();
  #listeningSince: Moment;
  #lastSweep: Moment;
  #unlisten: () => void = () => undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ObserverOptions) {
    this.#options = options;
    this.#presences = new Presences(options.settings.offlineAfterIntervals);
    this.#listeningSince = options.clock.now();
    this.#lastSweep = this.#listeningSince;
  }

  /** Begins. The device states must have caught up with the ledger. */
  start(): void {
    const { heartbeats, clock } = this.#options;
    this.#listeningSince = clock.now();
    this.#lastSweep = this.#listeningSince;
    this.#unlisten = heartbeats.listen((heartbeat, at) => this.#hear(heartbeat, at));
    this.#timer = setInterval(() => this.#sweep(), SWEEP_MS);
  }

  /** Records nothing more, and waits for what is under way. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#unlisten();
    await Promise.all([...this.#queues.values()].map((queue) => queue.drain()));
  }

  #hear(heartbeat: ReadHeartbeat, at: Moment): void {
    const { device_id: deviceId, instance_id: instanceId } = heartbeat;
    if (!this.#presences.note(heartbeat, at)) {
      this.#options.log.debug({ deviceId, instanceId }, "too many instances: heartbeat ignored");
      return;
    }
    // Judged on arrival, by what was known then: the news of an earlier heartbeat may still be on its way into the ledger.
    const pending = this.#pending.get(deviceId);
    const known = pending?.get(instanceId) ?? knownInstanceOf(this.#options.states.get(deviceId), instanceId);
    if (!isNews(known, heartbeat)) return;
    const { current_version: version, agent_state: state } = heartbeat;
    const previous = known?.observation ?? null;
    const eventId = observationEventId({ deviceId, instanceId, version, state, previous });
    if (!this.#enqueue(deviceId, () => this.#recordNews(heartbeat, eventId))) return;
    const news = { instanceId, version, state, silent: false, gone: false, observation: eventId };
    this.#pending.set(deviceId, (pending ?? new Map<InstanceId, KnownInstance>()).set(instanceId, news));
  }

  async #recordNews(heartbeat: ReadHeartbeat, eventId: EventId): Promise<void> {
    const { device_id, instance_id, current_version, agent_state, upgrade_id } = heartbeat;
    const upgrade = upgrade_id === null ? {} : { upgrade_id };
    const draft = { type: "agent-observed", instance_id, current_version, agent_state, ...upgrade } as const;
    await this.#record(device_id, draft, { eventId });
  }

  #sweep(): void {
    const { clock, link, states } = this.#options;
    const now = clock.now();
    const stoodStill = elapsedMs(this.#lastSweep, now) > SWEEP_MS + STOOD_STILL_MS;
    this.#lastSweep = now;
    if (!link.isUp()) return;
    if (stoodStill) this.#listeningSince = now;
    for (const [deviceId, document] of states.entries()) {
      this.#sweepInstances(deviceId, document, now);
      this.#sweepUpgrade(deviceId, document, now);
    }
  }

  #sweepInstances(deviceId: DeviceId, document: DeviceDocument, now: Moment): void {
    for (const instance of document.instances) {
      if (instance.role === "gone" || instance.silent_since !== null) continue;
      const known = readInstance(instance);
      const since = this.#silentSince(deviceId, known, now);
      if (since !== null)
        this.#enqueue(deviceId, () => this.#recordSilence(deviceId, known.instanceId, since));
    }
  }

  /** When a silent instance was last heard, or since when it is listened for in vain; `null` while it may yet be heard in time. */
  #silentSince(deviceId: DeviceId, known: KnownInstance, now: Moment): Moment | null {
    const { link, settings } = this.#options;
    const heard = this.#presences.get(deviceId, known.instanceId);
    const listening = [this.#listeningSince, link.upSince()].reduce((a, b) => (elapsedMs(a, b) > 0 ? b : a));
    const waited =
      heard !== undefined && elapsedMs(listening, heard.lastHeard) > 0 ? heard.lastHeard : listening;
    const presence = { lastHeard: waited, intervalMs: heard?.intervalMs ?? DEFAULT_INTERVAL_MS };
    if (!isSilent(presence, now, settings.offlineAfterIntervals)) return null;
    return heard?.lastHeard ?? listening;
  }

  async #recordSilence(deviceId: DeviceId, instanceId: InstanceId, since: Moment): Promise<void> {
    const known = knownInstanceOf(this.#options.states.get(deviceId), instanceId);
    const heard = this.#presences.get(deviceId, instanceId);
    const heardSince = heard !== undefined && elapsedMs(since, heard.lastHeard) > 0;
    if (known === undefined || known.silent || known.gone || heardSince) return;
    await this.#record(
      deviceId,
      {
        type: "agent-silent",
        instance_id: instanceId,
        current_version: known.version,
        since: Timestamp.parse(since.time),
      },
      { eventId: derivedEventId("agent-silent", deviceId, instanceId, known.observation ?? "") },
    );
  }

  #sweepUpgrade(deviceId: DeviceId, { upgrade }: DeviceDocument, now: Moment): void {
    if (upgrade === null) {
      this.#stalls.delete(deviceId);
      return;
    }
    const overdue = Date.parse(now.time) > stalledAtMs(upgrade, this.#options.settings);
    if (upgrade.stalled !== null || !overdue) return;
    const { eventId, draft } = stallOf({
      upgradeId: UpgradeId.parse(upgrade.upgrade_id),
      phase: upgrade.phase,
      phaseSince: upgrade.phase_since,
    });
    if (this.#stalls.get(deviceId) === eventId) return;
    this.#enqueue(deviceId, async () => {
      await this.#record(deviceId, draft, { eventId });
      this.#stalls.set(deviceId, eventId);
    });
  }

  /** Appends, and waits until the device's document shows it, so that the next news is told from it. */
  async #record(deviceId: DeviceId, draft: Draft, options: WriteOptions): Promise<void> {
    const { writer, states, log } = this.#options;
    const outcome = await writer.append(deviceId, draft, options);
    const seq = storedSeq(outcome, draft.type, deviceId);
    if (seq === undefined) {
      log.warn({ deviceId, type: draft.type, outcome }, "the ledger does not take what was observed");
      return;
    }
    if (outcome.kind === "stored") log.debug({ deviceId, type: draft.type, seq }, "observed");
    await states.reached(seq);
  }

  /** Whether the job was taken. */
  #enqueue(deviceId: DeviceId, job: () => Promise<void>): boolean {
    let queue = this.#queues.get(deviceId);
    if (queue === undefined) {
      queue = new DeviceQueue(
        (error) => this.#failed(deviceId, error),
        () => {
          this.#queues.delete(deviceId);
          this.#pending.delete(deviceId);
        },
      );
      this.#queues.set(deviceId, queue);
    }
    if (queue.push(job)) return true;
    this.#options.log.warn({ deviceId }, "more news than can be written: some are dropped");
    return false;
  }

  #failed(deviceId: DeviceId, error: unknown): void {
    const { log } = this.#options;
    this.#pending.delete(deviceId);
    if (error instanceof LedgerUnavailableError) {
      log.warn(
        { deviceId, detail: error.message },
        "the ledger does not answer: what was observed is told with the next heartbeat",
      );
    } else {
      log.error({ err: error, deviceId }, "what was observed could not be recorded");
    }
  }
}
