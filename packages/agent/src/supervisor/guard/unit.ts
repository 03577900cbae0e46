// One unit of the guard: what it runs and where it stands.
import type { UnitState, UnitStatus } from "../supervisor.ts";
import type { Instance } from "./instance.ts";
import type { UnitRecord } from "./units-file.ts";

/** The unit that starts through the symlink. */
export const MAIN_UNIT = "fleet-agent";

export class Unit {
  readonly name: string;
  /** Of a transient unit; `null` for the main unit. */
  readonly version: string | null;
  state: Exclude<UnitState, "absent"> = "exited";
  instance: Instance | undefined;
  /** The version that its process runs, or ran last; `null` when that is not known. */
  runs: string | null = null;
  startsMs: number[] = [];
  restartAtMs: number | null = null;
  lastExit: string | null = null;
  /** Pending restart. */
  timer: NodeJS.Timeout | undefined;
  /** Set while a stop is under way; its promise settles when the process is gone. */
  stopping: Promise<void> | undefined;

  constructor(name: string, version: string | null) {
    this.name = name;
    this.version = version;
  }

  get transient(): boolean {
    return this.version !== null;
  }

  /** Runs, or is about to. */
  get alive(): boolean {
    return this.state === "running" || this.state === "restarting";
  }

  status(): UnitStatus {
    const pid = this.state === "running" ? (this.instance?.identity.pid ?? null) : null;
    return { state: this.state, pid, exit: this.lastExit };
  }

  record(): UnitRecord {
    return {
      name: this.name,
      version: this.version,
      runs: this.runs,
      state: this.state,
      process: this.instance?.identity ?? null,
      starts_ms: this.startsMs,
      restart_at_ms: this.restartAtMs,
      last_exit: this.lastExit,
    };
  }

  /** A unit as an earlier guard left it on record; its process, if any, is not attached. */
  static from(record: UnitRecord): Unit {
    const unit = new Unit(record.name, record.version);
    unit.state = record.state;
    unit.runs = record.runs;
    unit.startsMs = [...record.starts_ms];
    unit.restartAtMs = record.restart_at_ms;
    unit.lastExit = record.last_exit;
    return unit;
  }
}
