// A simulated device: files, link, units and processes around the real procedure, so that interleavings and crashes
// are cheap to try.
import { EventId, InstanceId, UpgradeId, Version, DeviceId, sameVersion } from "@upgrade-ledger/contract";
import { stringify } from "uuid";
import {
  type Attempts,
  type Effect,
  entryOf,
  type Happening,
  type Marker,
  mayTakeOver,
  initialState,
  type Settings,
  type State,
  step,
  type Stop,
  terminalEventId,
  type Upgrade,
  view,
  type WorkResult,
} from "../../src/core/index.ts";

export const SETTINGS: Settings = {
  upgradesEnabled: true,
  drainTimeoutMs: 60_000,
  stagingDeadlineMs: 60_000,
  stagingBackoffMs: { min: 1_000, max: 8_000 },
  selfTestTimeoutMs: 5_000,
  heartbeatTimeoutMs: 20_000,
  probationMs: 30_000,
  checkIntervalMs: 1_000,
};

let made = 0;
function uuid(): string {
  made += 1;
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setUint32(12, made);
  bytes[6] = 0x70;
  bytes[8] = 0x80;
  return stringify(bytes);
}
export const newEvent = (): EventId => EventId.parse(uuid());
export const upgradeOf = (id: EventId): UpgradeId => UpgradeId.parse(id);
export const version = (text: string): Version => Version.parse(text);

export type Work = Extract<Effect, { op: number }>;

export interface Process {
  readonly instanceId: InstanceId;
  readonly version: Version;
  readonly unit: string;
  state: State;
  alive: boolean;
  exit: "running" | "crash" | "clean" | "stopped";
  work: Work[];
  probes: Extract<Effect, { do: "probe" }>[];
}

export interface Exit {
  readonly by: InstanceId;
  readonly because: "stopped" | "extra";
  readonly upgrade: Upgrade | null;
  readonly atMs: number;
}

export interface Written {
  readonly upgradeId: UpgradeId | null;
  readonly eventId: EventId | null;
  readonly body: Extract<Effect, { do: "publish" }>["draft"];
  readonly by: InstanceId;
}

const TERMINAL = new Set(["done", "failed", "superseded"]);
export const isTerminal = (event: Written): boolean => TERMINAL.has(event.body.type);

export class World {
  link = version("1.0.0");
  /** Who holds the driver's lock; the kernel frees it when that process dies. */
  driver: Process | undefined;
  marker: Upgrade | null = null;
  attempts: Attempts | null = null;
  events: Written[] = [];
  processes: Process[] = [];
  nowMs = 1_000;
  seq = 0;
  /** Versions that never come up to send a heartbeat. */
  readonly mute = new Set<string>();
  readonly desired = new Map<UpgradeId, Version | null>();
  /** Who ended of its own accord, and why. */
  readonly exits: Exit[] = [];
  readonly stops: Stop[] = [];
  /** Effects after which the next turn's process dies; undefined: it lives. */
  crashAfter: number | undefined;

  constructor(settings: Partial<Settings> = {}) {
    this.settings = { ...SETTINGS, ...settings };
    this.attempts = { upgrades: [], stops: [] };
    this.startMain();
  }

  readonly settings: Settings;

  get living(): Process[] {
    return this.processes.filter((process) => process.alive);
  }

  main(): Process | undefined {
    return this.living.find((process) => process.unit === "fleet-agent");
  }

  startMain(): Process | undefined {
    return this.start(this.link, "fleet-agent");
  }

  /** Starts a process as the supervisor does; a second one of a version that lives ends at once. */
  start(of: Version, unit: string): Process | undefined {
    if (this.living.some((process) => sameVersion(process.version, of))) return undefined;
    const entry = entryOf(of, this.markerFile(), this.link, this.driver?.alive !== true);
    if (entry === "extra") return undefined;
    const instanceId = InstanceId.parse(uuid());
    const self = { deviceId: DeviceId.parse("dev-1"), instanceId, version: of };
    const process: Process = {
      instanceId,
      version: of,
      unit,
      state: initialState(this.settings, self),
      alive: true,
      exit: "running",
      work: [],
      probes: [],
    };
    this.processes.push(process);
    if (entry === "drive" || entry === "yield") this.driver = process;
    this.give(process, {
      kind: "boot",
      facts: {
        marker: this.markerFile(),
        attempts: this.attempts,
        linkVersion: this.link,
        previousVersion: version("1.0.0"),
        rebooted: false,
      },
    });
    this.give(process, { kind: "link", up: true });
    return process;
  }

  give(process: Process, happening: Happening): void {
    if (!process.alive) return;
    const { state, effects } = step(process.state, {
      ...happening,
      at: { wallMs: 1_700_000_000_000 + this.nowMs, monoMs: this.nowMs },
    });
    process.state = state;
    const cut = this.crashAfter;
    this.crashAfter = undefined;
    effects.forEach((effect, index) => {
      if (cut === index) this.crash(process);
      if (process.alive) this.carryOut(process, effect);
    });
  }

  private carryOut(process: Process, effect: Effect): void {
    switch (effect.do) {
      case "persist":
        this.requireDriver(process);
        this.marker = effect.upgrade;
        this.attempts = effect.attempts;
        return;
      case "publish":
        this.write({
          upgradeId: effect.draft.upgrade_id ?? null,
          eventId: effect.eventId,
          body: effect.draft,
          by: process.instanceId,
        });
        return;
      case "cancel":
        process.work = [];
        return;
      case "exit":
        process.alive = false;
        process.exit = "clean";
        this.exits.push({
          atMs: this.nowMs,
          by: process.instanceId,
          because: effect.because,
          upgrade: process.state.upgrade,
        });
        return;
      case "probe":
        process.probes.push(effect);
        return;
      case "check-old": {
        if (this.driver?.alive === true && this.driver !== process) {
          const entry = entryOf(process.version, this.markerFile(), this.link, false);
          if (entry === "extra") this.give(process, { kind: "extra" });
          return;
        }
        if (!mayTakeOver(process.version, this.markerFile(), this.link)) return;
        this.driver = process;
        this.oldGone(process, effect.instanceId);
        return;
      }
      case "drain":
      case "stage":
      case "self-test":
      case "adopt":
      case "swap":
      case "start-unit":
      case "stop-unit":
      case "check-unit":
        process.work.push(effect);
        return;
    }
  }

  private oldGone(process: Process, instanceId: InstanceId): void {
    this.give(process, {
      kind: "old-gone",
      instanceId,
      marker: this.markerFile(),
      attempts: this.attempts,
      linkVersion: this.link,
      tail: { instance_id: instanceId, last_sequence: 0, last_hash: null },
    });
  }

  /** The marker has one writer: the process that holds the driver's lock. */
  private requireDriver(process: Process): void {
    if (this.driver !== process) throw new Error(`${process.version} wrote the marker and does not drive`);
  }

  private markerFile(): Marker | null {
    return this.marker === null ? null : { schema: 1, upgrade: this.marker };
  }

  /** Whether the one that exited had a fresh stop for its upgrade and itself. */
  wasTold({ by, upgrade, atMs }: Exit): boolean {
    return this.stops.some(
      (stop) =>
        stop.stopInstanceId === by &&
        stop.upgradeId === upgrade?.upgrade_id &&
        stop.heardMs !== null &&
        atMs - stop.heardMs <= stop.deadlineMs,
    );
  }

  private write(event: Written): void {
    const { type } = event.body;
    if ((type === "failed" || type === "superseded") && this.link === this.marker?.to_version)
      throw new Error(`${type}, and the link still names ${this.link}`);
    const same = this.events.find(({ eventId }) => eventId !== null && eventId === event.eventId);
    if (same === undefined) this.events.push(event);
    else if (JSON.stringify(same.body) !== JSON.stringify(event.body))
      throw new Error(`two different ends: ${JSON.stringify(same.body)} and ${JSON.stringify(event.body)}`);
  }

  crash(process: Process): void {
    process.alive = false;
    process.exit = "crash";
  }

  /** Carries out the oldest work of a process, with success, and answers it. */
  succeed(process: Process): void {
    const work = process.work.shift();
    if (work === undefined) return;
    for (const result of this.perform(work)) this.give(process, { kind: "worked", op: work.op, result });
  }

  fail(process: Process, retryable: boolean): void {
    const work = process.work.shift();
    if (work === undefined || work.do === "check-unit") return;
    this.give(process, {
      kind: "broke",
      op: work.op,
      code: work.do === "self-test" ? "self_test_failed" : "download_failed",
      message: `${work.do} failed`,
      retryable,
      random: 0.5,
    });
  }

  /** What the work does to the device; a crash may come between this and the answer. */
  perform(work: Work): WorkResult[] {
    switch (work.do) {
      case "drain":
        return [{ of: "drain-begun", inFlight: 0 }, { of: "drain" }];
      case "stage":
        return [{ of: "stage", path: `/bin/${work.version}`, sha256: "a".repeat(64), keyId: "K" }];
      case "self-test":
        return [{ of: "self-test" }];
      case "adopt":
        return [{ of: "adopt" }];
      case "swap": {
        const symlink = { path: "/link", from: this.link, to: work.version };
        this.link = work.version;
        return [{ of: "swap", symlink }];
      }
      case "start-unit":
        this.start(work.version, `fleet-agent-v${work.version}`);
        return [{ of: "start-unit", unit: `fleet-agent-v${work.version}` }];
      case "stop-unit":
        for (const process of this.processes.filter(({ unit }) => unit === work.unit)) {
          process.alive = false;
          process.exit = "stopped";
        }
        return [{ of: "stop-unit" }];
      case "check-unit": {
        const ended = !this.living.some(({ unit }) => unit === work.unit);
        return [{ of: "check-unit", ended, detail: "gave up" }];
      }
    }
  }

  tick(ms: number): void {
    this.nowMs += ms;
    for (const process of this.living) this.give(process, { kind: "tick" });
  }

  beat(from: Process): void {
    if (this.mute.has(from.version) || !from.alive) return;
    for (const process of this.living) {
      if (process === from) continue;
      this.give(process, {
        kind: "heartbeat",
        instanceId: from.instanceId,
        version: from.version,
        agentState: view(from.state).agentState,
        upgradeId: view(from.state).upgradeId,
      });
    }
  }

  ask(of: Version | null): EventId {
    const eventId = newEvent();
    this.seq += 1;
    const upgradeId = of === null ? (this.marker?.upgrade_id ?? upgradeOf(eventId)) : upgradeOf(eventId);
    if (of !== null) this.desired.set(upgradeId, of);
    this.lastDesired = { seq: this.seq, eventId, upgradeId, version: of, artifact: null };
    this.deliverDesired();
    return eventId;
  }

  lastDesired: Extract<Happening, { kind: "desired" }>["desired"] | undefined;

  deliverDesired(): void {
    const { lastDesired } = this;
    if (lastDesired === undefined) return;
    for (const process of this.living) this.give(process, { kind: "desired", desired: lastDesired });
  }

  stop(fields: Partial<Stop> = {}): Stop {
    this.seq += 1;
    const upgrade = this.marker;
    const old = this.living.find(({ instanceId }) => instanceId === upgrade?.old_instance);
    const fresh = this.living.find((process) => process !== old);
    const stop: Stop = {
      seq: this.seq,
      eventId: newEvent(),
      upgradeId: upgrade?.upgrade_id ?? upgradeOf(newEvent()),
      stopInstanceId: old?.instanceId ?? InstanceId.parse("nobody"),
      deadlineMs: 5_000,
      evidenceInstanceId: fresh?.instanceId ?? InstanceId.parse("nobody"),
      heardMs: this.nowMs,
      ...fields,
    };
    this.stops.push(stop);
    for (const process of this.living) this.give(process, { kind: "stop", stop });
    return stop;
  }

  answerProbes(): void {
    for (const process of this.living) {
      const probes = process.probes;
      process.probes = [];
      for (const probe of probes) {
        const asked = this.living.find(({ instanceId }) => instanceId === probe.instanceId);
        this.give(process, {
          kind: "probed",
          stopEventId: probe.stopEventId,
          answer:
            asked === undefined
              ? null
              : {
                  version: asked.version,
                  agentState: view(asked.state).agentState,
                  connected: asked.state.linkUp,
                },
        });
      }
    }
  }

  acknowledge(): void {
    for (const event of this.events.filter(isTerminal)) {
      if (event.upgradeId === null) continue;
      for (const process of this.living)
        this.give(process, { kind: "acknowledged", eventId: terminalEventId(event.upgradeId) });
    }
  }

  /** What the supervisor does: crashed units start again. */
  supervise(): void {
    const main = this.processes.findLast(({ unit }) => unit === "fleet-agent");
    if (main?.exit === "crash") {
      // Where the link's version lives already, the process that is started ends with code 0.
      main.exit = "stopped";
      this.startMain();
    }
    const crashed = this.processes.filter(({ exit, unit }) => exit === "crash" && unit !== "fleet-agent");
    // The link's version first: others yield to it.
    for (const process of crashed.toSorted((a) => (a.version === this.link ? -1 : 1))) {
      process.exit = "stopped";
      this.start(process.version, process.unit);
    }
    if (this.living.length === 0) this.startMain();
  }

  /** Everything works from now on; the operator stops old agents. Runs until nothing is open. */
  settle(): void {
    for (let round = 0; round < 400; round += 1) {
      this.supervise();
      for (const process of this.living) this.give(process, { kind: "link", up: true });
      this.deliverDesired();
      for (const process of this.living)
        while (process.alive && process.work.length > 0) this.succeed(process);
      this.tick(500);
      for (const process of this.living) this.beat(process);
      const old = this.living.find(
        ({ state }) => state.upgrade?.at.step === "cutover-ready" && state.watch.seen !== null,
      );
      if (old !== undefined && this.living.length > 1 && old.state.watch.candidate === null) this.stop();
      this.answerProbes();
      this.acknowledge();
      const quiet = this.living.every(({ state, work }) => state.upgrade === null && work.length === 0);
      if (quiet && this.living.length === 1 && this.marker === null) return;
    }
    throw new Error(
      `did not settle: ${JSON.stringify(this.marker)} ${this.living.map((p) => p.version).join()}`,
    );
  }

  terminals(upgradeId: UpgradeId): Written[] {
    return this.events.filter((event) => event.upgradeId === upgradeId && isTerminal(event));
  }

  types(): string[] {
    return this.events.map(({ body }) => body.type);
  }
}
