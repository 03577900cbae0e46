// Starts, restarts and watches agent processes: the effects of what decide.ts decides (spec §4, Cutover).
import { join } from "node:path";
import { BareVersion, binaryName, sameVersion } from "@upgrade-ledger/contract";
import { createLayout, type Layout } from "../../layout/layout.ts";
import { bootId, isAlive, monotonicMs, signalProcess } from "../process-identity.ts";
import type { UnitStatus } from "../supervisor.ts";
import {
  decideAfterExit,
  decideAtStart,
  type Exit,
  exitText,
  MAX_TRIAL_FAILURES,
  type RestartPolicy,
} from "./decide.ts";
import { adoptInstance, type Instance, startInstance } from "./instance.ts";
import { linkedVersion, Probation, type Reason } from "./probation.ts";
import { mayRun, type Trial } from "./trial.ts";
import { MAIN_UNIT, Unit } from "./unit.ts";
import { readUnits, removeUnits, type UnitRecord, writeUnits } from "./units-file.ts";

export interface GuardOptions {
  readonly prefix: string;
  readonly stateDir: string;
  /** The agent's configuration file. */
  readonly configPath: string;
  readonly policy: RestartPolicy;
  /** Time between SIGTERM and SIGKILL when a unit is stopped, ms. */
  readonly stopTimeoutMs: number;
  /** One line about what happened. */
  readonly log: (line: string) => void;
}

/** How often a version on trial is looked at. */
const LOOK_MS = 250;

export class Guard {
  readonly #options: GuardOptions;
  readonly #layout: Layout;
  readonly #file: string;
  readonly #bootId = bootId();
  readonly #units = new Map<string, Unit>();
  readonly #probation: Probation;
  #shuttingDown = false;
  #takingBack = false;
  #looker: NodeJS.Timeout | undefined;

  constructor(options: GuardOptions) {
    this.#options = options;
    this.#layout = createLayout({ prefix: options.prefix });
    this.#file = join(options.stateDir, "units.json");
    this.#probation = new Probation(options.stateDir, this.#layout);
  }

  /** Takes over what an earlier guard left running; otherwise starts the agent behind the symlink. */
  async start(): Promise<void> {
    const record = readUnits(this.#file);
    const sameBoot = record?.boot_id === this.#bootId;
    this.#probation.restore(record?.trial ?? null, sameBoot, monotonicMs());
    for (const unit of record?.units ?? []) await this.#takeOver(unit, sameBoot);
    const begun = this.#probation.begun();
    if (begun !== undefined && !mayRun(begun.trial.predecessor, this.#running()))
      await this.#takeBack(begun.trial, begun.reason);
    else if (!this.#units.has(MAIN_UNIT)) await this.#start(this.#main());
    this.#save();
    this.#looker = setInterval(() => this.#lookAtTrial(), LOOK_MS);
  }

  /** See Supervisor.startVersion. @throws Error when the version's file cannot be executed */
  async startVersion(text: string): Promise<{ readonly unit: string }> {
    const version = BareVersion.parse(text);
    const name = binaryName(version);
    await this.#units.get(name)?.stopping;
    if (this.#shuttingDown) throw new Error("the guard is stopping");
    const unit = this.#units.get(name) ?? this.#add(new Unit(name, version));
    if (unit.state === "running") return { unit: name };
    clearTimeout(unit.timer);
    unit.startsMs = [];
    const error = await this.#tryStart(unit);
    if (error === undefined) return { unit: name };
    this.#units.delete(name);
    this.#save();
    throw error;
  }

  /** See Supervisor.stopUnit. */
  async stopUnit(name: string): Promise<void> {
    const unit = this.#units.get(name);
    if (unit === undefined) return;
    unit.stopping ??= this.#stop(unit).finally(() => {
      unit.stopping = undefined;
    });
    await unit.stopping;
  }

  /** See Supervisor.statusOf. */
  statusOf(name: string): UnitStatus {
    return this.#units.get(name)?.status() ?? { state: "absent", pid: null, exit: null };
  }

  list(): Readonly<Record<string, UnitStatus>> {
    return Object.fromEntries([...this.#units.values()].map((unit) => [unit.name, unit.status()]));
  }

  /** Stops all agents cleanly. Workloads belong to none of them and stay. The next guard starts as after a reboot. */
  async shutDown(): Promise<void> {
    this.#shuttingDown = true;
    clearInterval(this.#looker);
    await Promise.all([...this.#units.keys()].map((name) => this.stopUnit(name)));
    removeUnits(this.#file);
  }

  async #takeOver(record: UnitRecord, sameBoot: boolean): Promise<void> {
    const alive = sameBoot && record.process !== null && isAlive(record.process);
    const transient = record.version !== null;
    const action = decideAtStart({ transient, state: record.state, alive }, sameBoot);
    if (action.kind === "forget") return;
    const unit = this.#add(Unit.from(record));
    switch (action.kind) {
      case "adopt":
        if (record.process !== null) this.#watch(unit, adoptInstance(record.process));
        this.#options.log(`${unit.name}: adopted process ${record.process?.pid}`);
        return;
      case "ended-unseen":
        return this.#onEnd(unit, { kind: "unknown" });
      case "resume-restart":
        return this.#restartAt(unit, unit.restartAtMs ?? monotonicMs());
      case "start":
        unit.startsMs = [];
        return this.#start(unit);
      case "keep-down":
        return;
    }
  }

  #main(): Unit {
    return this.#units.get(MAIN_UNIT) ?? this.#add(new Unit(MAIN_UNIT, null));
  }

  /** The version of each process that runs. */
  #running(): (string | null)[] {
    return [...this.#units.values()].flatMap(({ instance, runs }) => (instance === undefined ? [] : [runs]));
  }

  #add(unit: Unit): Unit {
    this.#units.set(unit.name, unit);
    return unit;
  }

  /** Starts it; one that cannot be executed is treated like one that failed. */
  async #start(unit: Unit): Promise<void> {
    const error = await this.#tryStart(unit);
    if (error !== undefined) this.#onEnd(unit, { kind: "unstartable", message: error.message });
  }

  async #tryStart(unit: Unit): Promise<Error | undefined> {
    unit.startsMs.push(monotonicMs());
    unit.runs = unit.version ?? linkedVersion(this.#layout);
    try {
      const instance = await startInstance({
        path: unit.version === null ? this.#layout.linkPath : this.#layout.versionedPath(unit.version),
        args: ["run", "--config", this.#options.configPath],
        env: { ...process.env, FLEET_AGENT_UNIT: unit.name },
        logFile: join(this.#options.stateDir, "log", `${unit.name}.log`),
      });
      this.#watch(unit, instance);
      this.#options.log(`${unit.name}: started process ${instance.identity.pid}`);
      return undefined;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  #watch(unit: Unit, instance: Instance): void {
    unit.instance = instance;
    unit.state = "running";
    unit.restartAtMs = null;
    this.#save();
    void instance.ended.then((exit) => this.#onEnd(unit, exit));
  }

  #onEnd(unit: Unit, exit: Exit): void {
    unit.instance = undefined;
    unit.lastExit = exitText(exit);
    if (unit.stopping !== undefined) return; // as asked for
    const othersAlive = [...this.#units.values()].some((other) => other !== unit && other.alive);
    const nowMs = monotonicMs();
    const trial = this.#probation.look(this.#running(), nowMs);
    const onTrial = trial !== undefined && unit.runs !== null && sameVersion(unit.runs, trial.version);
    const trialFailures = onTrial ? this.#probation.failures : null;
    const ended = { transient: unit.transient, startsMs: unit.startsMs, exit, othersAlive, trialFailures };
    const action = decideAfterExit(ended, nowMs, this.#options.policy);
    if (onTrial && action.kind !== "leave") this.#probation.countFailure();
    this.#options.log(`${unit.name}: ended (${unit.lastExit}), ${action.kind}`);
    switch (action.kind) {
      case "leave":
        unit.state = "exited";
        break;
      case "restart":
        this.#restartAt(unit, action.atMs);
        break;
      case "give-up":
        unit.state = "gave-up";
        break;
      case "hand-over":
        unit.state = "gave-up";
        this.#restartAt(this.#main(), nowMs);
        break;
      case "take-back":
        // Should it not succeed, this one goes on, slowly, because a bad agent is better than none.
        this.#restartAt(unit, nowMs + this.#options.policy.startLimitIntervalMs);
        if (trial !== undefined) void this.#takeBack(trial, crashLoop(trial, unit.lastExit));
        break;
    }
    this.#save();
  }

  /** One that runs, but whose `done` is not acknowledged in time (it hangs, or cannot connect); or that was given up. */
  #lookAtTrial(): void {
    const nowMs = monotonicMs();
    const before = this.#probation.tally;
    const trial = this.#probation.look(this.#running(), nowMs);
    if (this.#probation.tally !== before) this.#save();
    if (trial === undefined) return;
    const abandoned = !trial.confirmed && ![...this.#units.values()].some(({ alive }) => alive);
    if (abandoned) void this.#takeBack(trial, givenUp(trial));
    else if (this.#probation.isOverdue(trial, nowMs)) void this.#takeBack(trial, notConfirmed(trial));
  }

  /** The link back to the predecessor, everything else stopped, and the predecessor started. */
  async #takeBack(trial: Trial, reason: Reason): Promise<void> {
    if (this.#takingBack || this.#shuttingDown) return;
    this.#takingBack = true;
    this.#options.log(`going back to ${trial.predecessor}: ${reason.last_error}`);
    try {
      await this.#probation.goBack(trial, reason);
      await Promise.all([...this.#units.keys()].map((name) => this.stopUnit(name)));
      const main = this.#main();
      main.startsMs = [];
      if (!this.#shuttingDown) await this.#start(main);
    } catch (error) {
      this.#options.log(`cannot go back to ${trial.predecessor}: ${String(error)}`);
      this.#probation.postpone(monotonicMs());
    }
    this.#takingBack = false;
    this.#save();
  }

  #restartAt(unit: Unit, atMs: number): void {
    unit.state = "restarting";
    unit.restartAtMs = atMs;
    clearTimeout(unit.timer);
    unit.timer = setTimeout(() => void this.#start(unit), Math.max(0, atMs - monotonicMs()));
  }

  async #stop(unit: Unit): Promise<void> {
    clearTimeout(unit.timer);
    const { instance } = unit;
    if (instance !== undefined) {
      signalProcess(instance.identity, "SIGTERM");
      const force = setTimeout(() => {
        this.#options.log(`${unit.name}: still there after ${this.#options.stopTimeoutMs} ms, SIGKILL`);
        signalProcess(instance.identity, "SIGKILL");
      }, this.#options.stopTimeoutMs);
      await instance.ended;
      clearTimeout(force);
      this.#options.log(`${unit.name}: stopped (${unit.lastExit ?? "unknown"})`);
    }
    unit.state = "exited";
    unit.restartAtMs = null;
    if (unit.transient) this.#units.delete(unit.name);
    this.#save();
  }

  #save(): void {
    const units = [...this.#units.values()].map((unit) => unit.record());
    try {
      writeUnits(this.#file, { boot_id: this.#bootId, units, trial: this.#probation.tally });
    } catch (error) {
      // A full disk must not end the one that keeps agents alive; only adoption by the next guard is at risk.
      this.#options.log(`${this.#file} cannot be written: ${String(error)}`);
    }
  }
}

function crashLoop({ version }: Trial, lastExit: string | null): Reason {
  const last_error = `${version} failed ${MAX_TRIAL_FAILURES} times on trial, the last time with ${lastExit ?? "unknown"}`;
  return { reason_code: "crash_loop", last_error };
}

function givenUp({ version }: Trial): Reason {
  return { reason_code: "crash_loop", last_error: `No process of ${version} was left before its done` };
}

function notConfirmed({ version, confirmTimeoutMs }: Trial): Reason {
  const last_error = `${version} was on its own for ${confirmTimeoutMs} ms, and its done was not acknowledged`;
  return { reason_code: "not_confirmed", last_error };
}
