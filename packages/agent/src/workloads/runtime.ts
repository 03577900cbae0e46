// What keeps a device's workloads as the desired state says (spec §4, Workloads).
import type { Deployment } from "@upgrade-ledger/contract";

export interface WorkloadReport {
  readonly name: string;
  readonly state: "running" | "stopped" | "failed";
  readonly pid: number | null;
  /** RFC 3339. */
  readonly started_at: string | null;
  readonly last_error: string | null;
}

export interface ReconcileOptions {
  /** Ends the waiting for a workload to stop; what is under way is left for the next reconcile. */
  readonly signal: AbortSignal;
  /** False while the agent drains: nothing is started, stopped or replaced, only reported. */
  readonly mayStart: boolean;
}

export interface WorkloadRuntime {
  /**
   * Makes what runs match `deployments`, as far as it may, and reports on every workload, also on those that are only
   * on record. One that cannot run is reported as `failed` and keeps no other from running. Calls queue up.
   * @throws the signal's reason when aborted; an error when the record cannot be read or written
   */
  reconcile(deployments: readonly Deployment[], options: ReconcileOptions): Promise<WorkloadReport[]>;
  /** Starts and stops under way at this moment. */
  inFlight(): number;
}
