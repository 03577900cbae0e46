// The projector while it is the one that acts: follows the ledger, folds, stores, keeps checkpoints (spec §5).
import { BUCKETS, type LedgerEntry } from "@upgrade-ledger/contract";
import { type Ledger, LedgerGapError, type LedgerHead } from "@upgrade-ledger/ledger";
import {
  catalogueProjection,
  deviceProjection,
  historyProjection,
  quarantineProjection,
} from "@upgrade-ledger/projections";
import type { NatsConnection } from "@nats-io/transport-node";
import { Bucket } from "./bucket.ts";
import { DesiredMirror } from "./desired-mirror.ts";
import { EntryQueue } from "./entry-queue.ts";
import { runProjection, type RunnerOptions, type RunningProjection } from "./projection-runner.ts";

export interface ActiveOptions {
  readonly nc: NatsConnection;
  readonly ledger: Ledger;
  /** Ends it after what it has in hand is stored. */
  readonly signal: AbortSignal;
  readonly runner: RunnerOptions;
  readonly onBegin: (projections: readonly RunningProjection[], head: LedgerHead) => void;
  readonly onGap: (gap: LedgerGapError) => void;
  readonly onReceived: (seq: number) => void;
  readonly onApplied: (seq: number) => void;
  readonly onCaughtUp: () => void;
}

/** While it catches up, this many entries are folded before documents are stored, each once. */
const STORE_EVERY = 50_000;
const STORE_CHANGED = 20_000;
/** How long an absent broker may delay the end, milliseconds. */
const STOP_WITHIN_MS = 5_000;
/** Projections that an entry does not concern keep their checkpoint until it lags by this. */
const CHECKPOINT_LAG = 1_000;

/** @throws TakenOverError, and what following the ledger throws */
export async function projectActively(options: ActiveOptions): Promise<void> {
  const { nc, ledger, signal } = options;
  const giveUp = new AbortController();
  const open = async (name: string) => Bucket.open(nc, name, giveUp.signal);
  const mirror = new DesiredMirror(await open(BUCKETS.deviceInfo));
  const head = await ledger.head();
  const place = { lastSeq: head.lastSeq, created: head.created };
  const projections: RunningProjection[] = [
    await runProjection(
      deviceProjection,
      await open(BUCKETS.devices),
      place,
      options.runner,
      (device, entry) => mirror.note(device, entry),
    ),
    await runProjection(historyProjection, await open(BUCKETS.histories), place, options.runner),
    await runProjection(catalogueProjection, await open(BUCKETS.catalogue), place, options.runner),
    await runProjection(quarantineProjection, await open(BUCKETS.catalogue), place, options.runner),
  ];
  options.onBegin(projections, head);
  const queue = new EntryQueue();
  const stopFollowing = new AbortController();
  const onStop = () => {
    stopFollowing.abort();
    queue.close();
    setTimeout(() => giveUp.abort(), STOP_WITHIN_MS).unref();
  };
  signal.addEventListener("abort", onStop);
  if (signal.aborted) onStop();
  const fromSeq = Math.min(...projections.map(({ checkpointSeq }) => checkpointSeq)) + 1;
  const following = follow(options, queue, { fromSeq, created: head.created, signal: stopFollowing.signal });
  // Awaited in the end; meanwhile the closed queue tells.
  following.catch(() => undefined);
  try {
    await new ProjectionLoop(projections, mirror, queue, options, head.lastSeq).run(fromSeq - 1);
  } finally {
    signal.removeEventListener("abort", onStop);
    stopFollowing.abort();
    giveUp.abort();
    queue.close();
    await following;
  }
}

/** Fills the queue, beyond a hole too: what is missing is `verify`'s to report, not a reason to stop projecting. */
async function follow(
  { ledger, onGap }: ActiveOptions,
  queue: EntryQueue,
  from: { readonly fromSeq: number; readonly created: string; readonly signal: AbortSignal },
): Promise<void> {
  let { fromSeq } = from;
  try {
    while (!from.signal.aborted) {
      try {
        return await ledger.follow({ ...from, fromSeq }, (entry) => queue.push(entry));
      } catch (error) {
        if (!(error instanceof LedgerGapError)) throw error;
        onGap(error);
        fromSeq = error.found;
      }
    }
  } finally {
    queue.close();
  }
}

class ProjectionLoop {
  readonly #projections: readonly RunningProjection[];
  readonly #mirror: DesiredMirror;
  readonly #queue: EntryQueue;
  readonly #options: ActiveOptions;
  readonly #headSeq: number;
  #caughtUp = false;
  #unstored = 0;

  constructor(
    projections: readonly RunningProjection[],
    mirror: DesiredMirror,
    queue: EntryQueue,
    options: ActiveOptions,
    headSeq: number,
  ) {
    this.#projections = projections;
    this.#mirror = mirror;
    this.#queue = queue;
    this.#options = options;
    this.#headSeq = headSeq;
  }

  async run(fromSeq: number): Promise<void> {
    let seq = fromSeq;
    await this.#checkCaughtUp(seq);
    for (;;) {
      const entries = await this.#queue.take();
      if (entries === undefined) break;
      seq = entries.at(-1)?.seq ?? seq;
      this.#options.onReceived(seq);
      await this.#apply(entries);
      if (this.#mayWait(seq)) continue;
      await this.#store();
      await this.#checkpoint(seq, CHECKPOINT_LAG);
      this.#options.onApplied(seq);
      await this.#checkCaughtUp(seq);
    }
    await this.#store();
    await this.#checkpoint(seq, 1);
  }

  async #apply(entries: readonly LedgerEntry[]): Promise<void> {
    this.#unstored += entries.length;
    for (const projection of this.#projections) await projection.apply(entries);
  }

  /** While far behind, documents are stored rarely, so that each is written once for many entries. */
  #mayWait(seq: number): boolean {
    if (this.#caughtUp || seq >= this.#headSeq) return false;
    const changed = Math.max(...this.#projections.map((projection) => projection.changed));
    return this.#unstored < STORE_EVERY && changed < STORE_CHANGED;
  }

  async #store(): Promise<void> {
    this.#unstored = 0;
    await Promise.all(this.#projections.map(async (projection) => projection.store()));
    await this.#mirror.store();
  }

  async #checkpoint(seq: number, lag: number): Promise<void> {
    await Promise.all(
      this.#projections.map(async (projection, index) => {
        const concerned = index < 2 || seq - projection.checkpointSeq >= lag;
        if (concerned) await projection.checkpoint(seq);
      }),
    );
  }

  async #checkCaughtUp(seq: number): Promise<void> {
    if (this.#caughtUp || seq < this.#headSeq) return;
    this.#caughtUp = true;
    for (const projection of this.#projections) await projection.removeOld();
    this.#options.onCaughtUp();
  }
}
