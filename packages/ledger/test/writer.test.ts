// The writer: order per device, numbers without gaps whatever becomes of an append.
import { HEADERS, type LedgerEvent } from "@upgrade-ledger/contract";
import { startLedgerServer, waitFor, type LedgerServer } from "@upgrade-ledger/testkit";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type AppendOutcome,
  chainHash,
  createWriter,
  type Draft,
  type EncodedEvent,
  type Ledger,
  LedgerForbiddenError,
  LedgerUnavailableError,
  ledgerOf,
  newEventId,
  newInstanceId,
} from "../src/index.ts";
import { type Line, startLine } from "./ledger-servers.ts";
import { desiredSubject, device, version } from "./samples.ts";

const request = (reason: string): Draft => ({
  type: "desired-version",
  desired_version: version("0.1.2"),
  artifact: null,
  actor: "local:ada",
  reason,
});
const writerOn = (ledger: Ledger, sign?: (data: Uint8Array) => string) =>
  createWriter({
    ledger,
    role: "api",
    version: "0.1.0",
    instanceId: newInstanceId(),
    ...(sign === undefined ? {} : { sign }),
  });

interface Stored {
  readonly raw: { readonly data: Uint8Array };
  readonly event: LedgerEvent;
}

async function chainOf(ledger: Ledger, deviceId: string): Promise<Stored[]> {
  const found: Stored[] = [];
  for await (const raw of ledger.readRaw({ deviceId })) {
    const entry = await ledger.get(raw.seq);
    if (entry?.decoded.kind !== "event" || entry.decoded.event.schema_version === 0) continue;
    found.push({ raw, event: entry.decoded.event });
  }
  return found;
}

/** What the chain's fields are in these events. */
const linksOf = (events: readonly Stored[]) =>
  events.map(({ event }) => [event.writer.sequence, event.writer.prev_hash]);

/** What they should be. */
const linksFor = (events: readonly Stored[]) =>
  events.map((_, index) => {
    const before = events[index - 1];
    return [index + 1, before === undefined ? null : chainHash(before.raw.data)];
  });

describe("a writer on a real ledger", () => {
  let server: LedgerServer;
  let ledger: Ledger;
  beforeAll(async () => {
    server = await startLedgerServer();
    ledger = ledgerOf(await server.connect("api"));
  });
  afterAll(() => server.stop());

  it("keeps the order of the calls per device, and one chain each", async () => {
    const writer = writerOn(ledger);
    const reasons = Array.from({ length: 20 }, (_, index) => `change ${index}`);
    await Promise.all(
      reasons.flatMap((reason) =>
        ["order-1", "order-2"].map((id) => writer.append(device(id), request(reason))),
      ),
    );
    for (const id of ["order-1", "order-2"]) {
      const chain = await chainOf(ledger, id);
      expect(linksOf(chain)).toEqual(linksFor(chain));
      expect(chain.map(({ event }) => (event.type === "desired-version" ? event.reason : ""))).toEqual(
        reasons,
      );
    }
  });

  it("gives no number to what is refused, conflicts, or has a taken id", async () => {
    const writer = writerOn(ledger);
    const id = device("refused");
    const taken = newEventId();
    const kinds = [];
    for (const append of [
      () => writer.append(id, request("first"), { eventId: taken }),
      () => writer.append(id, request("too long ".repeat(500))),
      () => writer.append(id, request("other"), { eventId: taken }),
      () => writer.append(id, request("late"), { expect: { subject: desiredSubject(id), lastSequence: 0 } }),
      () => writer.append(id, { type: "started", boot_reason: "install", previous_version: null }),
      () => writer.append(id, request("second")),
    ]) {
      kinds.push((await append()).kind);
    }
    expect(kinds).toEqual(["stored", "refused", "id-taken", "conflict", "refused", "stored"]);
    const chain = await chainOf(ledger, "refused");
    expect(linksOf(chain)).toEqual(linksFor(chain));
  });

  it("signs the published bytes", async () => {
    const signed: Uint8Array[] = [];
    const writer = writerOn(ledger, (data) => {
      signed.push(data);
      return "c2lnbmVk";
    });
    const outcome = await writer.append(device("signed"), request("signed"));
    const raw = await ledger.getRaw(outcome.kind === "stored" ? outcome.seq : 0);
    expect(raw?.headers?.get(HEADERS.signature)).toBe("c2lnbmVk");
    expect(Buffer.from(raw?.data ?? [])).toEqual(Buffer.from(signed[0] ?? []));
  });

  it("writes events about no device", async () => {
    const outcome = await writerOn(ledger).append(undefined, {
      type: "artifact-published",
      artifact: {
        version: version("0.1.2"),
        platform: "any",
        url: "https://example.org/fleet-agent-v0.1.2",
        sha256: "a".repeat(64),
        size_bytes: 1,
        signature: "untrusted comment",
      },
      actor: "local:ada",
      reason: "",
    });
    expect(outcome.kind).toBe("stored");
    expect((await ledger.lastOn("fleet.artifact"))?.decoded).toMatchObject({
      kind: "event",
      deviceId: undefined,
    });
  });
});

describe("a writer whose acknowledgement is lost", () => {
  let server: LedgerServer;
  let line: Line;
  let direct: Ledger;
  beforeAll(async () => {
    server = await startLedgerServer();
    line = await startLine(server);
    direct = ledgerOf(await server.connect("api"));
  });
  afterAll(async () => {
    await line.close();
    await server.stop();
  });

  it.each([
    { next: "the same id again", sameId: true, kind: "already-stored", reasons: ["lost", "after"] },
    { next: "another event", sameId: false, kind: "stored", reasons: ["lost", "another", "after"] },
  ])("goes on with $next", async ({ sameId, kind, reasons }) => {
    const id = device(sameId ? "lost-same" : "lost-other");
    const ledger = ledgerOf(await line.connect(server, "api"), { timeoutMs: 300 });
    const writer = writerOn(ledger);
    const eventId = newEventId();
    // The first append asks where the ledger stands; one about another device does that before the line is held.
    await writer.append(device("before"), request("before"));
    line.holdAnswers();
    await expect(writer.append(id, request("lost"), { eventId })).rejects.toThrow(LedgerUnavailableError);
    await waitFor(() => direct.lastOn(desiredSubject(id)), { describe: "the event to be stored" });
    line.cut();
    await waitFor(() => ledger.head(), { describe: "the line to be back" });
    const outcome = sameId
      ? await writer.append(id, request("lost"), { eventId })
      : await writer.append(id, request("another"));
    expect(outcome.kind).toBe(kind);
    await writer.append(id, request("after"));
    const chain = await chainOf(direct, id);
    expect(linksOf(chain)).toEqual(linksFor(chain));
    expect(chain.map(({ event }) => (event.type === "desired-version" ? event.reason : ""))).toEqual(reasons);
  });

  it("gives the number to the next event if the lost one never arrived", async () => {
    const id = device("never-arrived");
    const ledger = ledgerOf(await line.connect(server, "api"), { timeoutMs: 300 });
    let arrives = true;
    const lossy: Ledger = {
      ...ledger,
      appendEncoded: (event) =>
        arrives
          ? ledger.appendEncoded(event)
          : Promise.reject(new LedgerUnavailableError("no_answer", "lost on the way")),
    };
    const writer = writerOn(lossy);
    await writer.append(id, request("first"));
    arrives = false;
    await expect(writer.append(id, request("lost"))).rejects.toThrow(LedgerUnavailableError);
    arrives = true;
    await writer.append(id, request("second"));
    const chain = await chainOf(direct, id);
    expect(linksOf(chain)).toEqual(linksFor(chain));
    expect(chain).toHaveLength(2);
  });
});

describe("a writer, whatever the broker does", () => {
  /** What becomes of one publish: an outcome, or no acknowledgement with the event stored or not. */
  const fates = fc.constantFrom("stored", "conflict", "full", "lost", "lost-but-stored");

  it.each([true, false])("keeps the chain whole; may read: %s", async (mayRead) => {
    await fc.assert(
      fc.asyncProperty(fc.array(fates, { maxLength: 20 }), async (script) => {
        const stored: EncodedEvent[] = [];
        const writer = writerOn(scriptedLedger(script.values(), stored, mayRead));
        for (const fate of script) {
          await writer.append(device("pi-1"), request(fate)).catch((error: unknown) => {
            if (!(error instanceof LedgerUnavailableError)) throw error;
          });
        }
        const chain = stored.map(({ data }) => ({ raw: { data }, event: parse(data) }));
        expect(linksOf(chain)).toEqual(linksFor(chain));
      }),
    );
  });
});

const parse = (data: Uint8Array): LedgerEvent => JSON.parse(new TextDecoder().decode(data)) as LedgerEvent;

const unused = () => {
  throw new Error("not used by a writer");
};
const readingNothing = {
  append: unused,
  appendBatch: unused,
  read: unused,
  readRaw: unused,
  follow: unused,
  followRaw: unused,
  get: unused,
  getRaw: unused,
  lastOn: unused,
  lastRawOn: unused,
};

/** A ledger in memory that plays a script; it keeps ids apart as the broker does. */
function scriptedLedger(script: Iterator<string>, stored: EncodedEvent[], mayRead: boolean): Ledger {
  const seqOf = (event: EncodedEvent) => stored.findIndex(({ eventId }) => eventId === event.eventId) + 1;
  const appendEncoded = async (event: EncodedEvent): Promise<AppendOutcome> => {
    const known = seqOf(event);
    if (known > 0) return { kind: "already-stored", seq: known, verified: mayRead };
    const fate: unknown = script.next().value;
    if (fate === "conflict") return { kind: "conflict", lastSequence: stored.length };
    if (fate === "full") return { kind: "refused", code: "full", detail: "full" };
    if (fate !== "lost") stored.push(event);
    if (fate === "lost" || fate === "lost-but-stored")
      throw new LedgerUnavailableError("no_answer", "append");
    return { kind: "stored", seq: stored.length };
  };
  return {
    ...readingNothing,
    appendEncoded,
    find: async (event, afterSeq) => (seqOf(event) > afterSeq ? seqOf(event) : undefined),
    head: async () => {
      if (!mayRead) throw new LedgerForbiddenError("no right to read");
      return { firstSeq: 1, lastSeq: stored.length, lastTime: null, created: "" };
    },
  };
}
