// Waiting while another projector is at work, until it stops moving although there is something to do (spec §5).
import { setTimeout as pause } from "node:timers/promises";
import type { Ledger } from "@upgrade-ledger/ledger";
import type { Bucket } from "./bucket.ts";
import { parseCheckpoint } from "./checkpoint.ts";
import { patiently } from "./patiently.ts";

export interface StandbyOptions {
  readonly bucket: Bucket;
  readonly checkpointKey: string;
  readonly ledger: Pick<Ledger, "head">;
  readonly signal: AbortSignal;
  readonly onMoved: (checkpointSeq: number, headSeq: number) => void;
}

const LOOK_EVERY_MS = 500;
/** A checkpoint that stands still for this long behind the head means that nobody is at work. */
const STILL_MS = 3_000;

/** Resolves when it is this projector's turn. Rejects when the signal is aborted. */
export async function waitForTurn(options: StandbyOptions): Promise<void> {
  const { bucket, checkpointKey, ledger, signal } = options;
  let revision = -1;
  let movedAt = performance.now();
  for (;;) {
    const value = await bucket.read(checkpointKey);
    const checkpoint =
      value === undefined ? undefined : parseCheckpoint(new TextDecoder().decode(value.data));
    const head = await patiently(async () => ledger.head(), { signal, isOver: () => false });
    const seq = checkpoint?.seq ?? 0;
    const now = performance.now();
    const moved = (value?.revision ?? 0) !== revision;
    revision = value?.revision ?? 0;
    options.onMoved(seq, head.lastSeq);
    if (moved || (seq >= head.lastSeq && checkpoint?.stream_created === head.created)) movedAt = now;
    else if (now - movedAt > STILL_MS) return;
    await pause(LOOK_EVERY_MS, undefined, { signal });
  }
}
