// Reconciling workloads while this instance holds the role's lock (spec §4, Workloads).
import type { NatsConnection } from "@nats-io/transport-node";
import { DesiredState, type DeviceId, type InstanceId } from "@upgrade-ledger/contract";
import { join } from "node:path";
import { readJsonOr, writeJson } from "../files/json-file.ts";
import { readDesiredState, watchDesiredState, writeWorkloadState } from "../link/documents.ts";
import type { WorkloadReport, WorkloadRuntime } from "../workloads/runtime.ts";

export interface WorkloadKeeperOptions {
  readonly stateDir: string;
  readonly deviceId: DeviceId;
  readonly instanceId: InstanceId;
  readonly runtime: WorkloadRuntime;
  readonly intervalMs: number;
  readonly connection: () => NatsConnection | null;
  /** Whether this instance is the one that reconciles. */
  readonly isActive: () => boolean;
  /** Whether new workloads may be started. */
  readonly mayStart: () => boolean;
  readonly log: { warn(fields: object, message: string): void };
}

export class WorkloadKeeper {
  readonly #options: WorkloadKeeperOptions;
  readonly #cacheFile: string;
  #desired: DesiredState | null = null;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | null = null;
  #again = false;
  #published = "";
  #closed = false;
  readonly #abort = new AbortController();

  constructor(options: WorkloadKeeperOptions) {
    this.#options = options;
    this.#cacheFile = join(options.stateDir, "desired-state.json");
  }

  /** Takes up what was last asked for, and keeps looking. */
  async start(): Promise<void> {
    this.#desired = (await readJsonOr(this.#cacheFile, DesiredState)) ?? null;
    this.#timer = setInterval(() => this.kick(), this.#options.intervalMs);
    this.kick();
  }

  attach(nc: NatsConnection): void {
    watchDesiredState(nc, this.#options.deviceId, () => void this.refresh());
  }

  /** Reads the desired state from the broker; without one the last known counts. */
  async refresh(): Promise<void> {
    const nc = this.#options.connection();
    if (nc === null) return;
    try {
      const desired = await readDesiredState(nc, this.#options.deviceId);
      if (desired !== null && JSON.stringify(desired) !== JSON.stringify(this.#desired)) {
        this.#desired = desired;
        await writeJson(this.#cacheFile, desired);
      }
      this.#published = "";
      this.kick();
    } catch (error) {
      this.#options.log.warn({ error: String(error) }, "the desired state cannot be read for the moment");
    }
  }

  /** Reconciles now, or once more after the reconcile that is under way. */
  kick(): void {
    if (this.#closed || !this.#options.isActive()) return;
    if (this.#running !== null) {
      this.#again = true;
      return;
    }
    this.#running = this.#reconcile().finally(() => {
      this.#running = null;
      if (this.#again) {
        this.#again = false;
        this.kick();
      }
    });
  }

  get inFlight(): number {
    return this.#options.runtime.inFlight();
  }

  /** Waits until no reconcile that may start something is under way. */
  async drained(signal: AbortSignal): Promise<void> {
    while (this.#running !== null) {
      await Promise.race([this.#running, aborted(signal)]);
      signal.throwIfAborted();
    }
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#abort.abort(new Error("the agent ends"));
  }

  async #reconcile(): Promise<void> {
    const { runtime, mayStart, log } = this.#options;
    if (this.#desired === null) return;
    try {
      const reports = await runtime.reconcile(this.#desired.deployments, {
        signal: this.#abort.signal,
        mayStart: mayStart(),
      });
      await this.#publish(reports);
    } catch (error) {
      if (!this.#closed) log.warn({ error: String(error) }, "reconciling the workloads failed");
    }
  }

  async #publish(reports: readonly WorkloadReport[]): Promise<void> {
    const { connection, deviceId, instanceId, isActive } = this.#options;
    const nc = connection();
    const text = JSON.stringify(reports);
    if (nc === null || text === this.#published || !isActive()) return;
    const updated = new Date().toISOString();
    await writeWorkloadState(nc, {
      device_id: deviceId,
      instance_id: instanceId,
      workloads: reports.map((report) => ({ ...report })),
      updated_at: updated,
    });
    this.#published = text;
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
