// The two clocks of this process.
import type { Moment } from "./coordinator/core/moment.ts";

export interface Clock {
  now(): Moment;
}

export const systemClock: Clock = {
  now: () => ({ monotonicMs: performance.now(), time: new Date().toISOString() }),
};
