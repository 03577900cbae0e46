/** One measured figure, as `--json` prints it (spec §10). */
export interface Figure {
  readonly suite: string;
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** The same of what it is compared with, measured in the same run. */
  readonly reference: number;
  /** `value` to `reference`, the median over the runs. */
  readonly ratio: number;
  readonly runs: number;
}

export interface SuiteOptions {
  /** Stay under a minute. */
  readonly quick: boolean;
  /** Tells a person what is under way. */
  readonly say: (text: string) => void;
}

export type Suite = (options: SuiteOptions) => Promise<Figure[]>;

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low, high] = [sorted[sorted.length % 2 === 0 ? middle - 1 : middle], sorted[middle]];
  return low === undefined || high === undefined ? Number.NaN : (low + high) / 2;
}
