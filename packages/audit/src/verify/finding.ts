// What an audit can find, in the words of a report (docs/verify.md).

export const FINDING_CODES = [
  "sequence_gap",
  "chain_gap",
  "chain_fork",
  "chain_order",
  "chain_link",
  "predecessor_unknown",
  "handover_mismatch",
  "signature_wrong",
  "signature_missing",
  "checkpoint_invalid",
  "checkpoint_order",
  "checkpoint_mismatch",
  "checkpoint_lost",
  "ledger_shorter",
  "ledger_empty",
  "ledger_rewritten",
  "projection_differs",
  "projection_missing",
  "projection_extra",
] as const;

/** Each of them means that something is not as it was written. */
export type FindingCode = (typeof FINDING_CODES)[number];

export interface Finding {
  readonly code: FindingCode;
  /** The ledger sequence at which it shows; `null` where it is about no single event. */
  readonly seq: number | null;
  readonly device_id: string | null;
  /** What is wrong, in words. */
  readonly detail: string;
}

/** Collects findings: all are counted, the first ones of each kind are kept. */
export class Findings {
  readonly #kept: Finding[] = [];
  readonly #counts = new Map<FindingCode, number>();
  readonly #keepPerCode: number;

  constructor(keepPerCode: number) {
    this.#keepPerCode = keepPerCode;
  }

  add(code: FindingCode, seq: number | null, deviceId: string | null | undefined, detail: string): void {
    const count = (this.#counts.get(code) ?? 0) + 1;
    this.#counts.set(code, count);
    if (count <= this.#keepPerCode) this.#kept.push({ code, seq, device_id: deviceId ?? null, detail });
  }

  /** Those that were kept, in the order of the ledger; those about no event first. */
  get kept(): readonly Finding[] {
    return this.#kept.toSorted((a, b) => (a.seq ?? 0) - (b.seq ?? 0));
  }

  get counts(): Readonly<Partial<Record<FindingCode, number>>> {
    return Object.fromEntries(this.#counts);
  }

  get total(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }
}
