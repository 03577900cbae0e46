// What every append gets, against a real server: the table in docs/ledger.md, row by row.
import { readFileSync } from "node:fs";
import { subjectOf } from "@upgrade-ledger/contract";
import { startLedgerServer, type LedgerServer } from "@upgrade-ledger/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Ledger, ledgerOf } from "../src/index.ts";
import { seconds, startChangedLedger } from "./ledger-servers.ts";
import { cases } from "./outcome-cases.ts";
import { lonelyCases, type Until } from "./outcome-cases-alone.ts";
import { inWords, type Row } from "./outcome-words.ts";
import { cancelled, desiredSubject, started } from "./samples.ts";

/** The least duplicate window that the server takes. */
const SHORT_WINDOW_S = 0.1;

async function countOf(ledger: Ledger, ...subjects: string[]): Promise<number> {
  let count = 0;
  for await (const entry of ledger.read()) if (subjects.includes(entry.subject)) count += 1;
  return count;
}

const inOrder = (table: (string | undefined)[][]) => table.map((row) => row.join(" | ")).toSorted();

describe("an append gets", () => {
  let server: LedgerServer;
  let short: LedgerServer;
  let api: Ledger;
  let shortWindow: Ledger;
  const agent = async (id: string) => ledgerOf(await server.connectDevice(id));
  beforeAll(async () => {
    server = await startLedgerServer();
    short = await startChangedLedger({ duplicate_window: seconds(SHORT_WINDOW_S) });
    api = ledgerOf(await server.connect("api"));
    shortWindow = ledgerOf(await short.connect("api"));
  });
  afterAll(async () => {
    await server.stop();
    await short.stop();
  });

  it.each(cases.map((row, index) => ({ ...row, deviceId: `pi-${index}` })))(
    "$gets for: $name",
    async ({ run, gets, stored, deviceId }) => {
      expect(inWords(await run({ api, shortWindow, agent, deviceId }))).toBe(gets);
      const own = [desiredSubject(deviceId), subjectOf(started(deviceId))];
      expect((await countOf(api, ...own)) + (await countOf(shortWindow, ...own))).toBe(stored);
    },
  );
});

describe("an append gets, on a server of its own,", () => {
  it.each(lonelyCases)("$gets for: $name", async ({ run, gets, stored }) => {
    const running: { stop(): Promise<void> }[] = [];
    const until: Until = async (starting) => {
      const one = await starting;
      running.push(one);
      return one;
    };
    try {
      const { outcome, ledger, subject } = await run(until);
      expect(inWords(outcome)).toBe(gets);
      expect(await countOf(ledger, subject)).toBe(stored);
    } finally {
      for (const one of running.toReversed()) await one.stop();
    }
  });
});

describe("a hundred appends that expect the same sequence", () => {
  it("are stored once", async () => {
    const server = await startLedgerServer();
    const ledgers = await Promise.all(
      Array.from({ length: 4 }, async () => ledgerOf(await server.connect("api"))),
    );
    const expected = { subject: desiredSubject("pi-1"), lastSequence: 0 };
    const outcomes = await Promise.all(
      ledgers.flatMap((ledger) =>
        Array.from({ length: 25 }, () => ledger.append({ event: cancelled("pi-1"), expect: expected })),
      ),
    );
    expect(outcomes.filter(({ kind }) => kind === "stored")).toHaveLength(1);
    expect(outcomes.filter(({ kind }) => kind === "conflict")).toEqual(
      Array.from({ length: 99 }, () => ({ kind: "conflict", lastSequence: 1 })),
    );
    await server.stop();
  });
});

describe("docs/ledger.md", () => {
  it("holds exactly these rows", () => {
    const doc = readFileSync(new URL("../../../docs/ledger.md", import.meta.url), "utf8");
    const rows = [...doc.matchAll(/^\| (.+?) +\| (.+?) +\| (\d+) +\|/gm)].map((row) => row.slice(1, 4));
    const tested: readonly Row[] = [...cases, ...lonelyCases];
    const wanted = tested.map(({ name, gets, stored }) => [name, gets, String(stored)]);
    expect(inOrder(rows)).toEqual(inOrder(wanted));
  });
});
