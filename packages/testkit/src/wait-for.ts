import { setTimeout as delay } from "node:timers/promises";

export interface WaitOptions {
  /** What is waited for, as it should read in the failure: `the device to be done`. */
  readonly describe: string;
  /** Default 10,000. */
  readonly timeoutMs?: number;
  /** Time between two looks. Default 10. */
  readonly intervalMs?: number;
}

/**
 * Waits until `condition` answers something other than `undefined`, `null` or `false`, and answers that.
 * A condition that throws counts as not met; its last error is the failure's cause.
 *
 * @throws Error with `describe` and the last error when the time is over
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  options: WaitOptions,
): Promise<Exclude<T, undefined | null | false>> {
  const timeoutMs = options.timeoutMs ?? 10_000;
  const deadline = performance.now() + timeoutMs;
  let cause: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (isMet(value)) return value;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (performance.now() >= deadline) {
      throw new Error(`Waited ${timeoutMs} ms for ${options.describe}, in vain`, { cause });
    }
    await delay(options.intervalMs ?? 10);
  }
}

function isMet<T>(value: T): value is Exclude<T, undefined | null | false> {
  return value !== undefined && value !== null && value !== false;
}
