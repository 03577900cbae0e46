// Stored projections against the fold of the ledger from nothing (G6).
import type { DeviceId, LedgerEntry } from "@upgrade-ledger/contract";
import { entryOf, type RawEntry } from "@upgrade-ledger/ledger";
import {
  catalogueProjection,
  deviceProjection,
  historyProjection,
  type Projection,
  quarantineProjection,
} from "@upgrade-ledger/projections";
import type { ReadProjection, StoredDocument, StoredProjection } from "../stored/stored-projections.ts";
import type { Findings } from "./finding.ts";

export interface ProjectionCounts {
  readonly name: string;
  /** `false`: no projector has ever stored it, so there is nothing to compare. */
  readonly built: boolean;
  /** Documents that the fold gives. */
  readonly documents: number;
  /** Documents that the projector had not brought up to date when they were read: nothing is said about them. */
  readonly lagging: number;
}

export class ProjectionAudit {
  readonly #findings: Findings;
  readonly #folds: readonly AnyFold[];
  readonly #reported = new Set<string>();
  #counts: readonly ProjectionCounts[] = [];
  #lastSeq = 0;

  /** @param deviceId compare only what is about this device */
  constructor(findings: Findings, deviceId?: DeviceId) {
    this.#findings = findings;
    const ofDevice = [new Fold(deviceProjection, deviceId), new Fold(historyProjection, deviceId)];
    this.#folds =
      deviceId === undefined
        ? [...ofDevice, new Fold(catalogueProjection, undefined), new Fold(quarantineProjection, undefined)]
        : ofDevice;
  }

  get counts(): readonly ProjectionCounts[] {
    return this.#counts;
  }

  take(raw: RawEntry): void {
    this.#lastSeq = raw.seq;
    const entry = entryOf(raw);
    for (const fold of this.#folds) fold.take(entry);
  }

  /** Compares with what is stored now; whether nothing is left open by a projector that is behind, or ahead of what was taken. */
  async compare(read: ReadProjection): Promise<boolean> {
    const counts: ProjectionCounts[] = [];
    for (const fold of this.#folds) {
      const stored = await read(fold.place);
      const documents = fold.documents();
      const built = stored.checkpointSeq !== undefined;
      const lagging = built ? this.#compareOne(fold, documents, stored) : 0;
      counts.push({ name: fold.name, built, documents: documents.size, lagging });
    }
    this.#counts = counts;
    return counts.every(({ lagging }) => lagging === 0);
  }

  /** How many documents are open. */
  #compareOne(
    fold: AnyFold,
    documents: ReadonlyMap<string, StoredDocument>,
    stored: StoredProjection,
  ): number {
    let open = 0;
    for (const [key, wanted] of documents) {
      const found = stored.documents.get(key);
      if (found?.text === wanted.text) continue;
      const covered = (stored.checkpointSeq ?? 0) >= wanted.validAtSeq;
      if (found !== undefined && found.validAtSeq > this.#lastSeq) open += 1;
      else if ((found === undefined || found.validAtSeq < wanted.validAtSeq) && !covered) open += 1;
      else if (found === undefined)
        this.#report("projection_missing", fold, key, wanted.validAtSeq, "is not stored");
      else this.#report("projection_differs", fold, key, wanted.validAtSeq, difference(wanted, found));
    }
    for (const [key, found] of stored.documents) {
      if (documents.has(key) || !fold.concerns(key)) continue;
      if (found.validAtSeq > this.#lastSeq) open += 1;
      else
        this.#report("projection_extra", fold, key, found.validAtSeq, "is stored, but the ledger gives none");
    }
    return open;
  }

  #report(
    code: "projection_missing" | "projection_differs" | "projection_extra",
    fold: AnyFold,
    key: string,
    seq: number,
    what: string,
  ): void {
    const name = `${fold.place.bucket} ${key}`;
    if (this.#reported.has(name)) return;
    this.#reported.add(name);
    const deviceId = fold.isPerDevice ? (key.split(".")[0] ?? null) : null;
    this.#findings.add(code, seq, deviceId, `document ${key} of the ${fold.name} projection ${what}`);
  }
}

function difference(wanted: StoredDocument, found: StoredDocument): string {
  if (wanted.validAtSeq !== found.validAtSeq) {
    return `is stored as of sequence ${found.validAtSeq}; the ledger gives it as of ${wanted.validAtSeq}`;
  }
  let at = 0;
  while (at < wanted.text.length && wanted.text[at] === found.text[at]) at += 1;
  return `differs from the fold from character ${at} on`;
}

/** A fold whose kind of state nobody needs to know. */
interface AnyFold {
  readonly name: string;
  readonly place: { readonly bucket: string; readonly keyFilter: string; readonly checkpointKey: string };
  readonly isPerDevice: boolean;
  take(entry: LedgerEntry): void;
  documents(): ReadonlyMap<string, StoredDocument>;
  concerns(key: string): boolean;
}

class Fold<State> implements AnyFold {
  readonly #projection: Projection<State>;
  readonly #only: string | undefined;
  readonly #states = new Map<string, State>();
  readonly #changed = new Set<string>();
  readonly #documents = new Map<string, StoredDocument>();

  constructor(projection: Projection<State>, only: string | undefined) {
    this.#projection = projection;
    this.#only = only;
  }

  get name(): string {
    return this.#projection.name;
  }

  get place(): Projection<State> {
    return this.#projection;
  }

  get isPerDevice(): boolean {
    return this.name === "device" || this.name === "history";
  }

  concerns(key: string): boolean {
    return this.#only === undefined || key === this.#only || key.startsWith(`${this.#only}.`);
  }

  take(entry: LedgerEntry): void {
    const key = this.#projection.keyOf(entry);
    if (key === undefined || !this.concerns(key)) return;
    const state = this.#states.get(key) ?? this.#projection.initial(key);
    this.#states.set(key, state);
    this.#projection.evolve(state, entry);
    this.#changed.add(key);
  }

  documents(): ReadonlyMap<string, StoredDocument> {
    for (const key of this.#changed) {
      const state = this.#states.get(key);
      if (state === undefined) continue;
      for (const document of this.#projection.takeDocuments(state)) {
        const { validAtSeq, value } = document;
        this.#documents.set(document.key, { validAtSeq, text: JSON.stringify(value) });
      }
    }
    this.#changed.clear();
    return this.#documents;
  }
}
