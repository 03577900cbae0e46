// A simulated device: files, units and processes around the real procedure.
import { InstanceId, type Version, DeviceId, sameVersion } from "@upgrade-ledger/contract";
import {
  type Attempts,
  type Effect,
  entryOf,
  type Happening,
  initialState,
  type Marker,
  mayTakeOver,
  type Settings,
  step,
  type TakenBack,
  terminalEventId,
  type Upgrade,
  type WorkResult,
} from "../../src/core/index.ts";
import { isCutover, isDone } from "../../src/core/state.ts";
import type { Exit, Process, Work, Written } from "./simulated-process.ts";
import { SETTINGS, uuid, version } from "./ids.ts";

export class SimulatedDevice {
  link = version("1.0.0");
  /** Who holds the driver's lock; the kernel frees it when that process dies. */
  driver: Process | undefined;
  marker: Upgrade | null = null;
  attempts: Attempts | null = null;
  events: Written[] = [];
  processes: Process[] = [];
  nowMs = 1_000;
  takenBack: TakenBack | null = null;
  /** Versions that never come up to send a heartbeat. */
  readonly mute = new Set<string>();
  /** Who ended of its own accord, and why. */
  readonly exits: Exit[] = [];
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
        bootId: "boot-1",
        history: { takenBack: this.takenBack, endWritten: this.endWritten() },
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

  private endWritten(): boolean {
    const id = this.marker === null ? null : terminalEventId(this.marker.upgrade_id);
    return this.events.some(({ eventId }) => eventId !== null && eventId === id);
  }

  /** Whether the guard may take the new version back: the link names it, and the old one is gone. */
  get onTrial(): boolean {
    const { marker } = this;
    if (marker === null || this.link !== marker.to_version || this.link === marker.from_version) return false;
    return (
      (isCutover(marker) || isDone(marker)) && !this.living.some((one) => one.version === marker.from_version)
    );
  }

  /** What the guard does with a version on trial that does not stay up. */
  takeBack(reason_code: TakenBack["reason_code"]): void {
    const { marker } = this;
    if (marker === null) throw new Error("nothing is on trial");
    this.takenBack = { upgrade_id: marker.upgrade_id, reason_code, last_error: "three times exit 3" };
    this.link = marker.from_version;
    // The guard stops every unit, also one that has crashed and waits to be started again.
    for (const process of this.processes) {
      if (!process.alive && process.exit !== "crash") continue;
      process.alive = false;
      process.exit = "stopped";
    }
    this.startMain();
  }

  /** The marker has one writer: the process that holds the driver's lock. */
  private requireDriver(process: Process): void {
    if (this.driver !== process) throw new Error(`${process.version} wrote the marker and does not drive`);
  }

  private markerFile(): Marker | null {
    return this.marker === null ? null : { schema: 1, upgrade: this.marker };
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
}
