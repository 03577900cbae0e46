// The projector: keeps the projections in KV equal to the fold of the ledger, whatever happens on the way (spec §5).
import { setTimeout as pause } from "node:timers/promises";
import type { NatsConnection } from "@nats-io/transport-node";
import { BUCKETS } from "@upgrade-ledger/contract";
import { type Ledger, ledgerOf, LedgerReplacedError, LedgerUnavailableError } from "@upgrade-ledger/ledger";
import { deviceProjection } from "@upgrade-ledger/projections";
import type { Logger } from "pino";
import { projectActively } from "./active-projector.ts";
import { Bucket } from "./bucket.ts";
import { TakenOverError } from "./errors.ts";
import type { RunnerOptions } from "./projection-runner.ts";
import { waitForTurn } from "./standby.ts";

export interface ProjectorOptions {
  /** A connection with the operator's rights. It stays the caller's to close. */
  readonly nc: NatsConnection;
  readonly log: Logger;
  /** States that each projection keeps in memory. Default 50,000. */
  readonly maxStates?: number;
}

export interface Projector {
  /** Everything up to this ledger sequence is in the stored projections. */
  readonly appliedSeq: number;
  /** How many entries are known of that are not. */
  readonly lag: number;
  /** `active`: this one writes. `standby`: another one does; this one takes over when that one stops moving. */
  readonly role: "active" | "standby";
  /** Why it has ended for good, if it has. */
  readonly failure: Error | undefined;
  /** Resolves when everything that the ledger held at the start is stored, or it has ended. */
  readonly caughtUp: Promise<void>;
  /** Calls back after each stored batch with the applied sequence. Answers how to end that. */
  onApplied(listener: (appliedSeq: number) => void): () => void;
  /** Stores what it has in hand and ends. */
  stop(): Promise<void>;
}

const WIDTH = 256;
const RESTART_PAUSE_MS = 200;

/** Starts at once. What goes wrong for good is in `failure`; a broker that is away is waited out. */
export function startProjector(options: ProjectorOptions): Projector {
  return new RunningProjector(options);
}

class RunningProjector implements Projector {
  readonly caughtUp: Promise<void>;
  readonly #options: ProjectorOptions;
  readonly #ledger: Ledger;
  readonly #runner: RunnerOptions;
  readonly #stop = new AbortController();
  readonly #listeners = new Set<(appliedSeq: number) => void>();
  readonly #ended: Promise<void>;
  #setCaughtUp: () => void = () => undefined;
  #appliedSeq = 0;
  #knownSeq = 0;
  #role: "active" | "standby" = "active";
  #failure: Error | undefined;

  constructor(options: ProjectorOptions) {
    this.#options = options;
    this.#ledger = ledgerOf(options.nc);
    this.#runner = { width: WIDTH, maxStates: options.maxStates ?? 50_000 };
    this.caughtUp = new Promise((resolve) => {
      this.#setCaughtUp = resolve;
    });
    this.#ended = this.#run();
  }

  get appliedSeq(): number {
    return this.#appliedSeq;
  }

  get lag(): number {
    return Math.max(0, this.#knownSeq - this.#appliedSeq);
  }

  get role(): "active" | "standby" {
    return this.#role;
  }

  get failure(): Error | undefined {
    return this.#failure;
  }

  onApplied(listener: (appliedSeq: number) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }

  async #run(): Promise<void> {
    const { log } = this.#options;
    try {
      while (!this.#stop.signal.aborted) {
        try {
          await this.#actOnce();
        } catch (error) {
          if (!canGoOn(error) || this.#stop.signal.aborted) throw error;
          log.warn({ reason: error.message }, "the projector begins again");
          if (error instanceof TakenOverError) await this.#standBy();
          else await pause(RESTART_PAUSE_MS, undefined, { signal: this.#stop.signal });
        }
      }
    } catch (error) {
      if (!this.#stop.signal.aborted) {
        this.#failure = error instanceof Error ? error : new Error(String(error));
        log.fatal({ err: error }, "the projector has ended");
      }
    } finally {
      this.#setCaughtUp();
    }
  }

  async #actOnce(): Promise<void> {
    this.#role = "active";
    const { nc, log } = this.#options;
    await projectActively({
      nc,
      ledger: this.#ledger,
      signal: this.#stop.signal,
      runner: this.#runner,
      onBegin: (projections, head) => {
        this.#appliedSeq = Math.min(...projections.map(({ checkpointSeq }) => checkpointSeq));
        this.#knownSeq = head.lastSeq;
        for (const { name, rebuilt } of projections) {
          if (typeof rebuilt === "string") log.warn({ projection: name, reason: rebuilt }, "rebuilding");
        }
      },
      onReceived: (seq) => {
        this.#knownSeq = Math.max(this.#knownSeq, seq);
      },
      onGap: (gap) => log.error({ expected: gap.expected, found: gap.found }, "the ledger has a hole"),
      onApplied: (seq) => this.#applied(seq),
      onCaughtUp: () => {
        this.#applied(this.#knownSeq);
        this.#setCaughtUp();
      },
    });
  }

  async #standBy(): Promise<void> {
    this.#role = "standby";
    const { nc } = this.#options;
    const bucket = await Bucket.open(nc, BUCKETS.devices, this.#stop.signal);
    await waitForTurn({
      bucket,
      checkpointKey: deviceProjection.checkpointKey,
      ledger: this.#ledger,
      signal: this.#stop.signal,
      onMoved: (seq, headSeq) => {
        this.#knownSeq = headSeq;
        this.#applied(seq);
        if (seq >= headSeq) this.#setCaughtUp();
      },
    });
  }

  #applied(seq: number): void {
    if (seq === this.#appliedSeq) return;
    this.#appliedSeq = seq;
    for (const listener of this.#listeners) listener(seq);
  }
}

/** What beginning again can mend. */
function canGoOn(error: unknown): error is Error {
  if (error instanceof LedgerUnavailableError) return error.reason !== "closed";
  return error instanceof TakenOverError || error instanceof LedgerReplacedError;
}
