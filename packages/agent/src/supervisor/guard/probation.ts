// What the guard knows and writes about a version on trial: marker, link, tally and its own note (spec §4, Probation).
import { readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { UpgradeId } from "@upgrade-ledger/contract";
import type { z } from "zod";
import { TakenBack } from "../../core/index.ts";
import { writeJson } from "../../files/json-file.ts";
import { parseJsonAs } from "../../files/json-text.ts";
import type { Layout } from "../../layout/layout.ts";
import { versionIn } from "../../layout/link-version.ts";
import { takenBackPath } from "../guard-protocol.ts";
import {
  candidateOf,
  continueTally,
  isOverdue,
  MarkerOnDisk,
  type Tally,
  type Trial,
  trialOf,
} from "./trial.ts";

export type Reason = Pick<TakenBack, "reason_code" | "last_error">;
type Running = readonly (string | null)[];

export class Probation {
  readonly #stateDir: string;
  readonly #layout: Layout;
  #tally: Tally | null = null;

  constructor(stateDir: string, layout: Layout) {
    this.#stateDir = stateDir;
    this.#layout = layout;
  }

  /** For the next guard. */
  get tally(): Tally | null {
    return this.#tally;
  }

  /** Goes on from an earlier guard's tally; the times of another boot count anew. */
  restore(tally: Tally | null, sameBoot: boolean, nowMs: number): void {
    this.#tally = tally === null || sameBoot ? tally : { ...tally, since_ms: nowMs };
  }

  /** The version on trial, given the versions of the processes that run. */
  look(running: Running, nowMs: number): Trial | undefined {
    const marker = this.#marker();
    const trial = marker === undefined ? undefined : trialOf(marker, linkedVersion(this.#layout), running);
    this.#tally = continueTally(this.#tally, trial, nowMs);
    return trial;
  }

  get failures(): number {
    return this.#tally?.failures ?? 0;
  }

  countFailure(): void {
    if (this.#tally !== null) this.#tally = { ...this.#tally, failures: this.#tally.failures + 1 };
  }

  isOverdue(trial: Trial, nowMs: number): boolean {
    return this.#tally !== null && isOverdue(trial, this.#tally, nowMs);
  }

  /** It could not be taken back: it gets its time once more. */
  postpone(nowMs: number): void {
    if (this.#tally !== null) this.#tally = { ...this.#tally, since_ms: nowMs };
  }

  /** Notes why, for the agent that comes back, then points the link to the predecessor. Can be repeated. */
  async goBack(trial: Trial, reason: Reason): Promise<void> {
    const note: TakenBack = { upgrade_id: UpgradeId.parse(trial.upgradeId), ...reason };
    await writeJson(takenBackPath(this.#stateDir), note);
    await this.#layout.swap(trial.predecessor);
  }

  /** What an earlier guard had begun to take back, if the agent that comes back has not ended it yet. */
  begun(): { readonly trial: Trial; readonly reason: Reason } | undefined {
    const marker = this.#marker();
    const note = readIfValid(takenBackPath(this.#stateDir), TakenBack);
    const trial = marker === undefined ? undefined : candidateOf(marker);
    if (trial === undefined || note?.upgrade_id !== trial.upgradeId) return undefined;
    return { trial, reason: { reason_code: note.reason_code, last_error: note.last_error } };
  }

  #marker(): MarkerOnDisk | undefined {
    return readIfValid(join(this.#stateDir, "marker.json"), MarkerOnDisk);
  }
}

/** The version that the symlink names; `null` where it names nothing of ours. */
export function linkedVersion(layout: Layout): string | null {
  try {
    return versionIn(readlinkSync(layout.linkPath));
  } catch {
    return null;
  }
}

function readIfValid<T>(file: string, schema: z.ZodType<T>): T | undefined {
  try {
    return parseJsonAs(readFileSync(file, "utf8"), schema);
  } catch {
    return undefined; // there is none
  }
}
