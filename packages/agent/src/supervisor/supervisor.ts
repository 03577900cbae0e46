// Who starts, restarts and watches agent processes (spec §4, Cutover): systemd, or the guard process.

export type UnitState = "running" | "restarting" | "gave-up" | "exited" | "absent";

export interface UnitStatus {
  readonly state: UnitState;
  /** Process id while `running`, else `null`. */
  readonly pid: number | null;
  /** How it last ended: `exit 1`, `signal SIGKILL`, `unknown` (no one watched); `null` if it never has. */
  readonly exit: string | null;
}

/** Units: `fleet-agent` (through the symlink) and, transient, `fleet-agent-v<version>` (the versioned binary itself). */
export interface Supervisor {
  /**
   * Starts `version` as a transient unit beside whatever runs. Idempotent: a unit that runs is left alone, one that
   * gave up is started afresh. Answers as soon as the process exists, not when it works.
   * @throws SupervisorError when the process cannot be started or the supervisor does not answer
   */
  startVersion(version: string): Promise<{ readonly unit: string }>;
  /**
   * Ends the unit's process (SIGTERM, later SIGKILL) and answers when it is gone; it is not restarted. A unit that does
   * not exist is no error.
   * @throws SupervisorError when the supervisor does not answer
   */
  stopUnit(unit: string): Promise<void>;
  /** @throws SupervisorError when the supervisor does not answer */
  statusOf(unit: string): Promise<UnitStatus>;
}

/** The supervisor refused, or did not answer. */
export class SupervisorError extends Error {
  override readonly name = "SupervisorError";
}
