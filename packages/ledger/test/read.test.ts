// Reading by sequence, time and device, to the head as it was at the call.
import { startLedgerServer, type LedgerServer } from "@upgrade-ledger/testkit";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Ledger, LedgerForbiddenError, ledgerOf, type ReadOptions } from "../src/index.ts";
import { cutNanoseconds, cutToMilliseconds } from "../src/read/message.ts";
import { cancelled, encoded, eventIdOf } from "./samples.ts";

const DEVICES = ["pi-0", "pi-1", "pi-2"];
const PER_DEVICE = 4;
const TOTAL = DEVICES.length * PER_DEVICE;

async function sequences(ledger: Ledger, options: ReadOptions): Promise<number[]> {
  const found: number[] = [];
  for await (const entry of ledger.read(options)) found.push(entry.seq);
  return found;
}

const upTo = (last: number, first = 1) =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

describe("reading", () => {
  let server: LedgerServer;
  let ledger: Ledger;
  beforeAll(async () => {
    server = await startLedgerServer({ syncInterval: "2m" });
    ledger = ledgerOf(await server.connect("api"));
  });
  afterAll(() => server.stop());

  it("an empty ledger ends at once", async () => {
    expect(await ledger.head()).toMatchObject({ firstSeq: 1, lastSeq: 0, lastTime: null });
    expect(await sequences(ledger, {})).toEqual([]);
    expect(await ledger.get(1)).toBeUndefined();
    expect(await ledger.lastOn("fleet.artifact")).toBeUndefined();
  });

  describe("twelve events of three devices in turn", () => {
    beforeAll(async () => {
      for (let index = 0; index < TOTAL; index++) {
        await ledger.append({ event: cancelled(DEVICES[index % DEVICES.length] ?? "") });
      }
    });

    const ranges: { what: string; options: ReadOptions; gives: number[] }[] = [
      { what: "everything", options: {}, gives: upTo(TOTAL) },
      { what: "from a sequence", options: { fromSeq: 9 }, gives: upTo(TOTAL, 9) },
      { what: "to a sequence", options: { toSeq: 3 }, gives: [1, 2, 3] },
      { what: "one event", options: { fromSeq: 5, toSeq: 5 }, gives: [5] },
      { what: "beyond the head", options: { fromSeq: TOTAL + 1 }, gives: [] },
      { what: "to beyond the head", options: { fromSeq: 11, toSeq: 99 }, gives: [11, 12] },
      { what: "an empty range", options: { fromSeq: 6, toSeq: 5 }, gives: [] },
      { what: "one device", options: { deviceId: "pi-1" }, gives: [2, 5, 8, 11] },
      { what: "one device in a range", options: { deviceId: "pi-1", fromSeq: 3, toSeq: 8 }, gives: [5, 8] },
      { what: "a device without events", options: { deviceId: "pi-9" }, gives: [] },
      {
        what: "a device without events after a sequence",
        options: { deviceId: "pi-2", fromSeq: 13 },
        gives: [],
      },
      {
        what: "from a time before all",
        options: { fromTime: "2001-01-01T00:00:00.000Z" },
        gives: upTo(TOTAL),
      },
      { what: "from a time after all", options: { fromTime: "2199-01-01T00:00:00.000Z" }, gives: [] },
      {
        what: "from a time that the broker cannot count",
        options: { fromTime: "2991-01-01T00:00:00Z" },
        gives: [],
      },
    ];
    it.each(ranges)("$what", async ({ options, gives }) => {
      expect(await sequences(ledger, options)).toEqual(gives);
    });

    it("from what is no time is an error", async () => {
      await expect(sequences(ledger, { fromTime: "yesterday" })).rejects.toThrow(RangeError);
    });

    it("from an event's time gives that event and those after it", async () => {
      const time = (await ledger.get(7))?.ledgerTime ?? "";
      const found = await sequences(ledger, { fromTime: time });
      expect(found.at(-1)).toBe(TOTAL);
      expect(found[0]).toBeLessThanOrEqual(7);
      expect((await ledger.get((found[0] ?? 0) - 1))?.ledgerTime ?? "").not.toBe(time);
    });

    it("stops where the caller stops", async () => {
      for await (const entry of ledger.read()) if (entry.seq === 3) break;
      expect(await sequences(ledger, { fromSeq: 4, toSeq: 4 })).toEqual([4]);
    });

    it("gives the same entry whichever way it is read", async () => {
      for await (const raw of ledger.readRaw()) {
        const got = await ledger.getRaw(raw.seq);
        expect({ ...got, headers: [...(got?.headers ?? [])] }).toEqual({
          ...raw,
          headers: [...(raw.headers ?? [])],
        });
      }
    });

    it("ends at the head as it was at the call, while others append", async () => {
      const found: number[] = [];
      for await (const entry of ledger.read({ fromSeq: 11 })) {
        found.push(entry.seq);
        await ledger.append({ event: cancelled("pi-3") });
      }
      expect(found).toEqual([11, 12]);
    });

    it("a last event by subject, as a device may for its own", async () => {
      const agent = ledgerOf(await server.connectDevice("pi-1"));
      expect((await agent.lastOn("operator-cmd.pi-1.desired-version"))?.seq).toBe(11);
      await expect(agent.lastOn("operator-cmd.pi-2.desired-version")).rejects.toThrow(LedgerForbiddenError);
      await expect(agent.get(1)).rejects.toThrow(LedgerForbiddenError);
      await expect(agent.head()).rejects.toThrow(LedgerForbiddenError);
      await expect(sequences(agent, {})).rejects.toThrow(LedgerForbiddenError);
    });
  });

  it("many more events than one batch", async () => {
    const before = (await ledger.head()).lastSeq;
    await Promise.all(
      Array.from({ length: 5_000 }, () => ledger.appendEncoded(encoded(cancelled("pi-many")))),
    );
    expect(await sequences(ledger, { fromSeq: before + 1 })).toEqual(upTo(before + 5_000, before + 1));
  });

  it("a message that came through an API's reply is quarantined, read either way", async () => {
    const event = encoded(cancelled("pi-4"));
    const outcome = await ledger.appendEncoded({ ...event, headers: { "Nats-Stream": "UPGRADE_LEDGER" } });
    const seq = outcome.kind === "stored" ? outcome.seq : 0;
    const injected = { seq, decoded: { kind: "quarantined", code: "injected" } };
    expect(await ledger.get(seq)).toMatchObject(injected);
    for await (const entry of ledger.read({ fromSeq: seq })) expect(entry).toMatchObject(injected);
  });

  it("an event keeps its id", async () => {
    const event = cancelled("pi-5");
    await ledger.append({ event });
    const last = await ledger.lastOn("operator-cmd.pi-5.desired-version");
    expect(last === undefined ? undefined : eventIdOf(last)).toBe(event.event_id);
  });
});

describe("ledger time", () => {
  it.each([
    ["2026-05-06T22:51:14.123456789Z", "2026-05-06T22:51:14.123Z"],
    ["2026-05-06T22:51:14.1239999Z", "2026-05-06T22:51:14.123Z"],
    ["2026-05-06T22:51:14.1Z", "2026-05-06T22:51:14.100Z"],
    ["2026-05-06T22:51:14Z", "2026-05-06T22:51:14.000Z"],
    ["2026-05-07T00:51:14.5+02:00", "2026-05-06T22:51:14.500Z"],
  ])("%s is %s", (timestamp, cut) => expect(cutToMilliseconds(timestamp)).toBe(cut));

  it("is cut exactly, although the client counts nanoseconds in floats", () => {
    const around = fc
      .tuple(fc.bigInt({ min: 0n, max: 9_000_000_000_000n }), fc.bigInt({ min: -600n, max: 600n }))
      .map(([ms, off]) => ms * 1_000_000n + off)
      .filter((ns) => ns >= 0n);
    const anywhere = fc.bigInt({ min: 0n, max: 9_000_000_000_000_000_000n });
    fc.assert(
      fc.property(fc.oneof(around, anywhere), (ns) => {
        expect(cutNanoseconds(Number(ns), () => ns)).toBe(Number(ns / 1_000_000n));
      }),
      { numRuns: 20_000 },
    );
  });
});
