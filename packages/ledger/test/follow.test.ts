// Following live: each event once, in order, whatever happens to the broker.
import type { LedgerEntry } from "@upgrade-ledger/contract";
import { type LedgerServerOptions, startLedgerServer, waitFor } from "@upgrade-ledger/testkit";
import { afterEach, describe, expect, it } from "vitest";
import {
  type FollowOptions,
  type Ledger,
  LedgerForbiddenError,
  LedgerGapError,
  ledgerOf,
  LedgerReplacedError,
  LedgerUnavailableError,
} from "../src/index.ts";
import { restart, startLine } from "./ledger-servers.ts";
import { startOpenServer } from "./open-server.ts";
import { cancelled, encoded } from "./samples.ts";

const upTo = (last: number, first = 1) =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

async function start(options: LedgerServerOptions = {}, timeoutMs = 1_000) {
  const server = await startLedgerServer(options);
  ends.push(() => server.stop());
  const nc = await server.connect("api");
  return { server, nc, ledger: ledgerOf(nc, { timeoutMs }) };
}

/** Follows into a list; ended with the test. */
function record(
  ledger: Ledger,
  options: Partial<FollowOptions> = {},
  onEntry?: (entry: LedgerEntry) => void | Promise<void>,
) {
  const seen: number[] = [];
  const resumed: string[] = [];
  const aborting = new AbortController();
  const following = ledger.follow(
    { fromSeq: 1, signal: aborting.signal, onResume: (reason) => resumed.push(reason), ...options },
    (entry) => {
      seen.push(entry.seq);
      return onEntry?.(entry);
    },
  );
  const outcome = following.then(
    () => "ended" as const,
    (error: unknown) => error,
  );
  const end = async () => {
    aborting.abort();
    return outcome;
  };
  ends.push(end);
  const saw = (last: number) =>
    waitFor(() => (seen.at(-1) ?? 0) >= last, { describe: `sequence ${last}`, timeoutMs: 20_000 });
  return { seen, resumed, end, outcome, saw };
}

async function append(ledger: Ledger, count: number, deviceId = "pi-1") {
  for (let index = 0; index < count; index++) await ledger.append({ event: cancelled(deviceId) });
}

describe("following", () => {
  it("hands over what is there, then what comes", async () => {
    const { ledger } = await start();
    await append(ledger, 3);
    let caughtUpAt: number | undefined;
    const follower = record(ledger, { onCaughtUp: () => (caughtUpAt = follower.seen.length) });
    await follower.saw(3);
    await append(ledger, 3);
    await follower.saw(6);
    expect(follower.seen).toEqual(upTo(6));
    expect(caughtUpAt).toBe(3);
    expect(follower.resumed).toEqual([]);
    expect(await follower.end()).toBe("ended");
    await append(ledger, 1);
    expect(follower.seen).toEqual(upTo(6));
  });

  it("begins at the sequence asked for, also at the next one", async () => {
    const { ledger } = await start();
    await append(ledger, 3);
    const middle = record(ledger, { fromSeq: 3 });
    const next = record(ledger, { fromSeq: 4 });
    await middle.saw(3);
    await append(ledger, 1);
    await next.saw(4);
    await middle.saw(4);
    expect(middle.seen).toEqual([3, 4]);
    expect(next.seen).toEqual([4]);
  });

  it("is caught up at once where there is nothing", async () => {
    const { ledger } = await start();
    let caughtUp = false;
    record(ledger, { onCaughtUp: () => (caughtUp = true) });
    await expect(waitFor(() => caughtUp, { describe: "being caught up" })).resolves.toBe(true);
  });

  it("regression: an answer about the head that later events have overtaken is not taken for a loss", async () => {
    const { ledger } = await start({ syncInterval: "2m" });
    const followers = Array.from({ length: 4 }, () => record(ledger, { watchdogMs: 1 }));
    for (let round = 0; round < 10; round++) {
      await Promise.all(Array.from({ length: 100 }, () => append(ledger, 1)));
    }
    for (const follower of followers) {
      await Promise.race([follower.saw(1_000), follower.outcome]);
      expect(follower.seen).toEqual(upTo(1_000));
      expect(await follower.end()).toBe("ended");
    }
  });

  it("hands over one device's events only", async () => {
    const { ledger } = await start();
    await append(ledger, 1, "pi-1");
    await append(ledger, 2, "pi-2");
    await append(ledger, 1, "pi-1");
    const follower = record(ledger, { deviceId: "pi-1" });
    await follower.saw(4);
    await append(ledger, 1, "pi-2");
    await append(ledger, 1, "pi-1");
    await follower.saw(6);
    expect(follower.seen).toEqual([1, 4, 6]);
  });

  it("waits for a slow caller, and loses nothing", async () => {
    const { ledger } = await start({ syncInterval: "2m" }, 20_000);
    const many = 12_000;
    await Promise.all(Array.from({ length: many }, () => ledger.appendEncoded(encoded(cancelled("pi-1")))));
    let running = 0;
    let most = 0;
    const follower = record(ledger, {}, async () => {
      running += 1;
      most = Math.max(most, running);
      await Promise.resolve();
      if (follower.seen.length % 1_000 === 0) await ledger.head();
      running -= 1;
    });
    await follower.saw(many);
    expect(most).toBe(1);
    expect(follower.seen).toEqual(upTo(many));
  });

  it.each(["at once", "in a promise"])("ends with the error that its caller throws %s", async (how) => {
    const { ledger } = await start();
    await append(ledger, 3);
    const broken = new Error("cannot fold this");
    const follower = record(ledger, {}, (entry) => {
      if (entry.seq !== 2) return;
      if (how === "at once") throw broken;
      return Promise.reject(broken);
    });
    expect(await follower.outcome).toBe(broken);
    expect(follower.seen).toEqual([1, 2]);
  });
});

describe("following survives", () => {
  it("kill -9 and restart of the server while events flow", async () => {
    const { server, ledger } = await start();
    const follower = record(ledger);
    const byDevice = record(ledger, { deviceId: "pi-1" });
    const stored: number[] = [];
    const stopping = new AbortController();
    const appending = appendUntil(ledger, stopping.signal, stored);
    let running: { kill(): Promise<void>; stop(): Promise<void> } = server.nats;
    ends.push(() => running.stop());
    for (let round = 0; round < 3; round++) {
      await flowing(stored);
      await running.kill();
      running = await restart(server);
    }
    await flowing(stored);
    stopping.abort();
    await appending;
    const { lastSeq } = await waitFor(() => ledger.head(), { describe: "the head" });
    await follower.saw(lastSeq);
    await byDevice.saw(lastSeq);
    expect(follower.seen).toEqual(upTo(lastSeq));
    expect(byDevice.seen).toEqual(upTo(lastSeq));
    expect(follower.resumed.length).toBeGreaterThanOrEqual(3);
  }, 60_000);

  it("the consumer being deleted on the server", async () => {
    const server = await startOpenServer();
    ends.push(() => server.stop());
    await server.createLedger();
    const ledger = ledgerOf(server.nc);
    await append(ledger, 2);
    const follower = record(ledger);
    await follower.saw(2);
    expect(await server.deleteConsumers()).toBe(1);
    await append(ledger, 3);
    await follower.saw(5);
    expect(follower.seen).toEqual(upTo(5));
    expect(follower.resumed).toEqual(["the consumer is gone from the server"]);
  });
});

describe("following survives, without the server's help,", () => {
  it("a line that goes dead and comes back", async () => {
    const { server, ledger } = await start();
    const line = await startLine(server);
    const follower = record(ledgerOf(await line.connect(server, "api"), { timeoutMs: 1_000 }));
    await append(ledger, 2);
    await follower.saw(2);
    line.holdAnswers();
    await append(ledger, 3);
    await waitFor(() => follower.resumed.length > 0, { describe: "the silence to be noticed" });
    line.cut();
    await follower.saw(5);
    expect(follower.seen).toEqual(upTo(5));
    await follower.end();
    await line.close();
  });
});

describe("following ends", () => {
  it("when another stream stands in the ledger's place", async () => {
    const { ledger } = await start();
    const follower = record(ledger, { created: "2026-01-01T00:00:00Z" });
    expect(await follower.outcome).toBeInstanceOf(LedgerReplacedError);
  });

  it("when the ledger ends before where it is to begin", async () => {
    const { ledger } = await start();
    await append(ledger, 2);
    const follower = record(ledger, { fromSeq: 4 });
    expect(await follower.outcome).toBeInstanceOf(LedgerReplacedError);
  });

  it("when the stream is made anew under it", async () => {
    const server = await startOpenServer();
    ends.push(() => server.stop());
    await server.createLedger();
    const ledger = ledgerOf(server.nc);
    await append(ledger, 2);
    const follower = record(ledger);
    await follower.saw(2);
    await server.deleteLedger();
    await server.createLedger();
    expect(await follower.outcome).toBeInstanceOf(LedgerReplacedError);
  });

  it("when the ledger has a hole, which a reader finds, too, and can go on behind", async () => {
    const server = await startOpenServer();
    ends.push(() => server.stop());
    await server.createLedger();
    const ledger = ledgerOf(server.nc);
    await append(ledger, 4);
    await server.deleteEvent(2);
    const follower = record(ledger);
    expect(await follower.outcome).toMatchObject({ name: "LedgerGapError", expected: 2, found: 3 });
    expect(follower.seen).toEqual([1]);
    await expect(
      (async () => {
        for await (const entry of ledger.read()) expect(entry.seq).toBe(1);
      })(),
    ).rejects.toThrow(LedgerGapError);
    const behind = record(ledger, { fromSeq: 3 });
    await behind.saw(4);
    expect(behind.seen).toEqual([3, 4]);
  });

  it("when the connection may not read, or is closed", async () => {
    const { server, nc, ledger } = await start();
    const forbidden = record(ledgerOf(await server.connectDevice("pi-1")));
    expect(await forbidden.outcome).toBeInstanceOf(LedgerForbiddenError);
    const closed = record(ledger);
    await nc.close();
    const error = await closed.outcome;
    expect(error).toBeInstanceOf(LedgerUnavailableError);
    expect(error).toMatchObject({ reason: "closed" });
  });
});

async function appendUntil(ledger: Ledger, signal: AbortSignal, stored: number[]): Promise<void> {
  while (!signal.aborted) {
    const event = cancelled("pi-1");
    try {
      const outcome = await ledger.append({ event });
      if (outcome.kind === "stored") stored.push(outcome.seq);
    } catch (error) {
      if (!(error instanceof LedgerUnavailableError)) throw error;
    }
  }
}

function flowing(stored: number[]): Promise<true> {
  const before = stored.length;
  return waitFor(() => stored.length > before + 50, { describe: "events to flow", timeoutMs: 20_000 });
}
