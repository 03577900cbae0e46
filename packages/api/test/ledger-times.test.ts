// Finding sequences by a time that may step back.
import type { RawEntry } from "@upgrade-ledger/ledger";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { LedgerTimes } from "../src/as-of/ledger-times.ts";

/** A ledger of which only the times matter. */
class Ledger {
  readonly times: number[] = [];
  created = "one";
  read = 0;

  async head() {
    return { firstSeq: 1, lastSeq: this.times.length, lastTime: null, created: this.created };
  }

  async *readRaw({
    fromSeq = 1,
    toSeq = Infinity,
  }: { fromSeq?: number | undefined; toSeq?: number | undefined } = {}) {
    for (let seq = fromSeq; seq <= Math.min(toSeq, this.times.length); seq++) {
      this.read += 1;
      const ledgerTime = new Date(this.times[seq - 1] ?? 0).toISOString();
      const entry: RawEntry = { seq, subject: "", ledgerTime, data: new Uint8Array(), headers: undefined };
      yield entry;
    }
  }
}

it("is the last sequence before the first later event, however the clock steps, while the ledger grows", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(fc.integer({ min: -500, max: 20 }), { maxLength: 1_500 }), {
        minLength: 1,
        maxLength: 3,
      }),
      fc.array(fc.integer({ min: -2_000, max: 30_000 }), { minLength: 1, maxLength: 5 }),
      async (batches, asked) => {
        const ledger = new Ledger();
        const found = new LedgerTimes(ledger);
        for (const steps of batches) {
          // Mostly forward, now and then far back.
          for (const step of steps)
            ledger.times.push((ledger.times.at(-1) ?? 0) + (step > -480 ? Math.abs(step) % 20 : step));
          for (const time of asked) {
            const later = ledger.times.findIndex((each) => each > time);
            const expected =
              later < 0 ? { seq: ledger.times.length, settled: false } : { seq: later, settled: true };
            expect(await found.lastBefore(time)).toEqual(expected);
          }
        }
      },
    ),
    { numRuns: 60 },
  );
});

it("reads the ledger through once, and then a thousand events at most for each question", async () => {
  const ledger = new Ledger();
  for (let n = 0; n < 10_500; n++) ledger.times.push(n);
  const times = new LedgerTimes(ledger);
  await Promise.all([times.lastBefore(3_500), times.lastBefore(9_999), times.lastBefore(-1)]);
  expect(ledger.read).toBeLessThan(10_500 + 3 * 1_001);
});

it("begins anew with another ledger", async () => {
  const ledger = new Ledger();
  ledger.times.push(1, 2, 3);
  const times = new LedgerTimes(ledger);
  expect(await times.lastBefore(2)).toEqual({ seq: 2, settled: true });
  ledger.times.splice(0, 3, 10, 20);
  ledger.created = "two";
  expect(await times.lastBefore(12)).toEqual({ seq: 1, settled: true });
});
