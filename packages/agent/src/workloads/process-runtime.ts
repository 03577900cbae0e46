// The runtime of kind "process": each workload is a process that belongs to no agent (spec §4, Workloads; G7).
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { Deployment } from "@upgrade-ledger/contract";
import { bootId, isAlive, monotonicMs } from "../supervisor/process-identity.ts";
import { findStarted } from "./find-start.ts";
import { readRecords, removeRecord, specHash, type WorkloadRecord, writeRecord } from "./record.ts";
import type { ReconcileOptions, WorkloadReport, WorkloadRuntime } from "./runtime.ts";
import { startWorkload, stopWorkload } from "./workload-process.ts";

export interface ProcessRuntimeOptions {
  /** Records in `<stateDir>/workloads/`, output in `<stateDir>/log/`. */
  readonly stateDir: string;
}

/** A workload that ran for less than this has failed to run, ms. */
const SHORT_RUN_MS = 10_000;
/** Pause after the n-th short run in a row: 0.5 s, doubled each time, up to a minute. */
const BACKOFF_MS = { first: 500, max: 60_000 };

/** See {@link WorkloadRuntime}. Any agent process adopts what the record says; two must not reconcile at once. */
export function createProcessRuntime(options: ProcessRuntimeOptions): WorkloadRuntime {
  return new ProcessRuntime(options.stateDir);
}

class ProcessRuntime implements WorkloadRuntime {
  readonly #stateDir: string;
  readonly #folder: string;
  readonly #bootId = bootId();
  /** How the processes end that this agent started, by start id. */
  readonly #ends = new Map<string, Promise<string>>();
  #inFlight = 0;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(stateDir: string) {
    this.#stateDir = stateDir;
    this.#folder = join(stateDir, "workloads");
  }

  inFlight(): number {
    return this.#inFlight;
  }

  reconcile(deployments: readonly Deployment[], options: ReconcileOptions): Promise<WorkloadReport[]> {
    const turn = this.#queue.then(() => this.#reconcile(deployments, options));
    this.#queue = turn.catch(() => undefined);
    return turn;
  }

  async #reconcile(
    deployments: readonly Deployment[],
    { signal, mayStart }: ReconcileOptions,
  ): Promise<WorkloadReport[]> {
    signal.throwIfAborted();
    const records = readRecords(this.#folder);
    const wanted = new Map(deployments.map((deployment) => [deployment.name, deployment]));
    const names = [...new Set([...wanted.keys(), ...records.keys()])];
    const reports = await Promise.all(
      names.map(async (name) => {
        const record = this.#located(records.get(name));
        if (!mayStart) return record === undefined ? undefined : this.#report(record);
        const deployment = wanted.get(name);
        return this.#counted(() => this.#bring(name, deployment, record, signal)).catch((error: unknown) =>
          failed(name, messageOf(error)),
        );
      }),
    );
    signal.throwIfAborted();
    return reports.filter((report) => report !== undefined);
  }

  /** Brings one workload to what is wanted; `undefined` when it is wanted no more and gone. */
  async #bring(
    name: string,
    deployment: Deployment | undefined,
    record: WorkloadRecord | undefined,
    signal: AbortSignal,
  ): Promise<WorkloadReport | undefined> {
    const alive = record !== undefined && this.#isAlive(record);
    const unchanged = deployment !== undefined && record?.spec_hash === specHash(deployment);
    if (alive && unchanged) return this.#report(record);
    if (alive && record.process !== null) await stopWorkload(record.process, signal);
    if (deployment === undefined) {
      removeRecord(this.#folder, name);
      return undefined;
    }
    return this.#start(deployment, unchanged ? await this.#afterEnd(record) : undefined);
  }

  async #start(deployment: Deployment, previous: WorkloadRecord | undefined): Promise<WorkloadReport> {
    const { name } = deployment;
    if (deployment.runtime !== "process")
      return failed(name, `this agent has no runtime "${deployment.runtime}", only "process"`);
    if (previous !== undefined && monotonicMs() < previous.not_before_ms)
      return failed(name, previous.last_error ?? "it ended");
    const record: WorkloadRecord = {
      name,
      spec_hash: specHash(deployment),
      start_id: randomUUID(),
      boot_id: this.#bootId,
      process: null,
      started_at: new Date().toISOString(),
      started_ms: monotonicMs(),
      short_runs: previous?.short_runs ?? 0,
      not_before_ms: 0,
      last_error: previous?.last_error ?? null,
    };
    writeRecord(this.#folder, record);
    const logFile = join(this.#stateDir, "log", `workload-${name}.log`);
    const started = await startWorkload(deployment, record.start_id, logFile).catch(messageOf);
    if (typeof started === "string") {
      writeRecord(this.#folder, backedOff({ ...record, last_error: started }));
      return failed(name, started);
    }
    this.#ends.set(record.start_id, started.ended);
    const running = { ...record, process: started.identity };
    writeRecord(this.#folder, running);
    return this.#report(running);
  }

  /** What the end of its process means for the next start. Whatever was before a reboot means nothing. */
  async #afterEnd(record: WorkloadRecord): Promise<WorkloadRecord | undefined> {
    if (record.boot_id !== this.#bootId) return undefined;
    if (record.process === null) return record;
    const exit = (await this.#ends.get(record.start_id)) ?? "an end that no agent saw";
    this.#ends.delete(record.start_id);
    const ended = { ...record, process: null, last_error: `ended with ${exit}` };
    const wasShort = monotonicMs() - record.started_ms < SHORT_RUN_MS;
    const next = wasShort ? backedOff(ended) : { ...ended, short_runs: 0, not_before_ms: monotonicMs() };
    writeRecord(this.#folder, next);
    return next;
  }

  #isAlive(record: WorkloadRecord): boolean {
    return record.boot_id === this.#bootId && record.process !== null && isAlive(record.process);
  }

  /** The record with its process, also when the agent that started it died before it could note which one it was. */
  #located(record: WorkloadRecord | undefined): WorkloadRecord | undefined {
    if (record === undefined || record.process !== null || record.boot_id !== this.#bootId) return record;
    if (record.not_before_ms > 0) return record; // its start failed, or its end is on record
    const found = findStarted(record.start_id);
    if (found === undefined) return record;
    const located = { ...record, process: found };
    writeRecord(this.#folder, located);
    return located;
  }

  #report(record: WorkloadRecord): WorkloadReport {
    const alive = this.#isAlive(record);
    return {
      name: record.name,
      state: alive ? "running" : "stopped",
      pid: alive ? (record.process?.pid ?? null) : null,
      started_at: alive ? record.started_at : null,
      last_error: record.last_error,
    };
  }

  async #counted<T>(work: () => Promise<T>): Promise<T> {
    this.#inFlight++;
    try {
      return await work();
    } finally {
      this.#inFlight--;
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function failed(name: string, lastError: string): WorkloadReport {
  return { name, state: "failed", pid: null, started_at: null, last_error: lastError };
}

function backedOff(record: WorkloadRecord): WorkloadRecord {
  const pauseMs = Math.min(BACKOFF_MS.max, BACKOFF_MS.first * 2 ** record.short_runs);
  return { ...record, short_runs: record.short_runs + 1, not_before_ms: monotonicMs() + pauseMs };
}
