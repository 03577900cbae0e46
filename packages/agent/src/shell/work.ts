// The procedure's work, carried out: each effect answers with `worked` or `broke` (spec §4).
import type { NatsConnection } from "@nats-io/transport-node";
import type { FailureCode, Version } from "@upgrade-ledger/contract";
import type { Effect, Happening, WorkResult } from "../core/index.ts";
import { LayoutError } from "../layout/layout-error.ts";
import type { Layout } from "../layout/layout.ts";
import { runSelfTest } from "../selftest/run-self-test.ts";
import { createSources } from "../staging/sources.ts";
import type { ArtifactSources } from "../staging/source.ts";
import { stageKept } from "../staging/stage-kept.ts";
import { type Staged, stageOnce } from "../staging/stage-once.ts";
import { StagingError } from "../staging/staging-error.ts";
import type { Supervisor } from "../supervisor/supervisor.ts";

export type WorkEffect = Extract<Effect, { readonly op: number }>;

export interface WorkOptions {
  readonly layout: Layout;
  readonly supervisor: Supervisor;
  readonly trustedKeys: readonly string[];
  readonly configPath: string;
  /** The running binary, and the version that it is. */
  readonly selfPath: string;
  readonly selfVersion: Version;
  readonly connection: () => NatsConnection | null;
  readonly wasActive: (version: string) => boolean;
  /** Reconciles under way, and a promise that settles when none is. */
  readonly inFlight: () => number;
  readonly drained: (signal: AbortSignal) => Promise<void>;
  readonly give: (happening: Happening) => void;
}

export class Work {
  readonly #options: WorkOptions;
  readonly #sources: ArtifactSources;
  #abort = new AbortController();
  #progress: { readonly doneBytes: number; readonly totalBytes: number } | null = null;

  constructor(options: WorkOptions) {
    this.#options = options;
    this.#sources = createSources({ connection: options.connection });
  }

  /** Of the download that runs; for heartbeats. */
  get progress(): { readonly doneBytes: number; readonly totalBytes: number } | null {
    return this.#progress;
  }

  /** Aborts drain, download and self-test; whatever they answer later counts for nothing. */
  cancel(): void {
    this.#abort.abort(new Error("the upgrade was called off"));
    this.#abort = new AbortController();
    this.#progress = null;
  }

  /** Starts the work and answers at once. */
  start(effect: WorkEffect): void {
    void this.#run(effect, this.#abort.signal);
  }

  async #run(effect: WorkEffect, signal: AbortSignal): Promise<void> {
    const { give } = this.#options;
    try {
      const result = await this.#carryOut(effect, signal);
      give({ kind: "worked", op: effect.op, result });
    } catch (error) {
      if (signal.aborted && isAbortable(effect)) return;
      give({ kind: "broke", op: effect.op, random: Math.random(), ...faultOf(error, effect) });
    }
  }

  async #carryOut(effect: WorkEffect, signal: AbortSignal): Promise<WorkResult> {
    const { layout, supervisor, selfPath, selfVersion } = this.#options;
    switch (effect.do) {
      case "drain":
        return this.#drain(effect.op, signal);
      case "stage":
        return { of: "stage", ...(await this.#stage(effect, signal)) };
      case "self-test":
        return this.#selfTest(effect, signal);
      case "adopt":
        await layout.adoptRunningBinary(selfPath, selfVersion);
        return { of: "adopt" };
      case "swap":
        return this.#swap(effect.version);
      case "start-unit":
        return { of: "start-unit", unit: (await supervisor.startVersion(effect.version)).unit };
      case "stop-unit":
        await supervisor.stopUnit(effect.unit);
        return { of: "stop-unit" };
      case "check-unit": {
        const { state, exit } = await supervisor.statusOf(effect.unit);
        const ended = state === "gave-up" || state === "exited";
        return { of: "check-unit", ended, detail: `${effect.unit} ${state}, last end: ${exit ?? "none"}` };
      }
    }
  }

  async #drain(op: number, signal: AbortSignal): Promise<WorkResult> {
    const { give, inFlight, drained } = this.#options;
    give({ kind: "worked", op, result: { of: "drain-begun", inFlight: inFlight() } });
    await drained(signal);
    return { of: "drain" };
  }

  async #stage(effect: Extract<WorkEffect, { do: "stage" }>, signal: AbortSignal): Promise<Staged> {
    const { layout, trustedKeys, wasActive } = this.#options;
    const { artifact, version } = effect;
    if (artifact === null) return stageKept({ version, layout, wasActive, signal });
    try {
      return await stageOnce({
        artifact,
        layout,
        trustedKeys,
        sources: this.#sources,
        signal,
        wasActive,
        onProgress: (progress) => {
          this.#progress = progress;
        },
      });
    } finally {
      this.#progress = null;
    }
  }

  async #selfTest(
    effect: Extract<WorkEffect, { do: "self-test" }>,
    signal: AbortSignal,
  ): Promise<WorkResult> {
    const { path, version: expectedVersion, timeoutMs } = effect;
    const { configPath } = this.#options;
    const answer = await runSelfTest({ path, configPath, expectedVersion, timeoutMs, signal });
    if (!answer.ok) throw new WorkError(answer.code, answer.output);
    return { of: "self-test" };
  }

  async #swap(version: Version): Promise<WorkResult> {
    const { layout } = this.#options;
    const to = layout.versionedPath(version);
    const from = (await layout.currentTarget()) ?? layout.versionedPath(this.#options.selfVersion);
    await layout.swap(version);
    return { of: "swap", symlink: { path: layout.linkPath, from, to } };
  }
}

/** Work that failed with an answer, not with an exception of its own. */
class WorkError extends Error {
  readonly code: FailureCode;

  constructor(code: FailureCode, message: string) {
    super(message);
    this.code = code;
  }
}

function isAbortable({ do: what }: WorkEffect): boolean {
  return what === "drain" || what === "stage" || what === "self-test";
}

interface Fault {
  readonly code: FailureCode;
  readonly message: string;
  readonly retryable: boolean;
}

function faultOf(error: unknown, effect: WorkEffect): Fault {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof StagingError) return { code: error.code, message, retryable: error.retryable };
  if (error instanceof LayoutError || error instanceof WorkError) {
    return { code: error.code, message, retryable: false };
  }
  return { code: effect.do === "start-unit" ? "start_failed" : "layout_invalid", message, retryable: false };
}
