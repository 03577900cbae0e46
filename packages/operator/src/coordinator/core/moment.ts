// One reading of this process's two clocks.

export interface Moment {
  /** Milliseconds on a clock that never steps: the only one that durations are measured with. */
  readonly monotonicMs: number;
  /** The wall clock, RFC 3339 UTC: for people and for evidence, never compared. */
  readonly time: string;
}

/** Milliseconds that passed from `from` to `to`. */
export function elapsedMs(from: Moment, to: Moment): number {
  return to.monotonicMs - from.monotonicMs;
}
