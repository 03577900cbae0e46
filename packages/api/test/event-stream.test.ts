import { waitFor } from "@upgrade-ledger/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Items, ProblemBody, seenDevice, startWorld, type World } from "./world.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld({ sseHeartbeatMs: 50 });
  for (const id of ["pi-1", "pi-2", "pi-3"]) await seenDevice(world, id, "0.1.1");
  await world.caughtUp();
});
afterAll(() => world.stop());

/** A client that reads what comes until it is told to leave. */
async function follow(query: string, headers: Record<string, string> = {}) {
  const leave = new AbortController();
  const answer = await fetch(`${world.url}/v1/events/stream${query}`, { headers, signal: leave.signal });
  let text = "";
  const read = async (): Promise<void> => {
    const decoder = new TextDecoder();
    for await (const chunk of answer.body ?? []) text += decoder.decode(chunk, { stream: true });
  };
  const ended = read().catch(() => undefined);
  const ids = (event: RegExp): number[] =>
    [...text.matchAll(/^id: (\d+)\nevent: (.+)$/gm)]
      .filter(([, , type = ""]) => event.test(type))
      .map(([, id]) => Number(id));
  return {
    answer,
    ended,
    ids,
    text: () => text,
    leave: async () => {
      leave.abort();
      await ended;
    },
  };
}

async function ledgerSeqs(query = ""): Promise<number[]> {
  const { json } = await world.get(`/v1/events?page_size=1000${query}`);
  return Items.parse(json).items.map((item) => Number(item["seq"]));
}

async function oneClient(): Promise<boolean> {
  return (await world.get("/metrics")).text.includes("ledger_sse_clients 1\n");
}

const ANY = /^(?!seq$)/;

describe("GET /v1/events/stream", () => {
  it("sends what came after, then each new event", async () => {
    const client = await follow("?after=0");
    expect(client.answer.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    expect(client.answer.headers.get("cache-control")).toBe("no-cache, no-transform");
    const before = await ledgerSeqs();
    await waitFor(() => client.ids(ANY).length >= before.length, { describe: "the present events" });
    await seenDevice(world, "pi-4", "0.1.1");
    const all = await ledgerSeqs();
    await waitFor(() => client.ids(ANY).length >= all.length, { describe: "the new events" });
    expect(client.ids(ANY)).toEqual(all);
    expect(client.text()).toMatch(/^retry: 2000\n\n/);
    await client.leave();
  });

  it("goes on after Last-Event-ID, which counts more than the address", async () => {
    const [first = 0, ...rest] = await ledgerSeqs();
    const client = await follow("?after=0", { "last-event-id": String(first) });
    await waitFor(() => client.ids(ANY).length >= rest.length, { describe: "the rest" });
    expect(client.ids(ANY)).toEqual(rest);
    await client.leave();
  });

  it("sends only what fits the filter, and tells how far it is", async () => {
    const client = await follow("?after=0&device_id=pi-2");
    const wanted = await ledgerSeqs("&device_id=pi-2");
    const head = (await ledgerSeqs()).at(-1) ?? 0;
    await waitFor(() => client.ids(/^seq$/).includes(head), { describe: "the bookmark of the head" });
    expect(client.ids(ANY)).toEqual(wanted);
    await waitFor(() => client.text().includes(": still here\n\n"), { describe: "a heartbeat" });
    await client.leave();
  });

  it("begins with the next event unless told otherwise", async () => {
    const head = (await ledgerSeqs()).at(-1) ?? 0;
    const client = await follow("");
    await seenDevice(world, "pi-5", "0.1.1");
    const later = (await ledgerSeqs()).filter((seq) => seq > head);
    await waitFor(() => client.ids(ANY).length >= later.length, { describe: "the new events" });
    expect(client.ids(ANY)).toEqual(later);
    await client.leave();
  });

  it.each([
    ["?after=-1", {}],
    ["?after=0&tpye=done", {}],
    ["", { "last-event-id": "x" }],
  ])("refuses %s with %o", async (query, headers) => {
    const answer = await world.get(`/v1/events/stream${query}`, headers);
    expect(ProblemBody.parse(answer.json).status).toBe(400);
  });

  it("is forgotten when the client leaves, and ended when the service stops", async () => {
    const client = await follow("");
    await waitFor(oneClient, { describe: "the client to be counted" });
    await client.leave();
    await waitFor(async () => !(await oneClient()), { describe: "the client to be forgotten" });
    const other = await startWorld();
    const stream = await fetch(`${other.url}/v1/events/stream`);
    const text = stream.text();
    await other.stop();
    expect(await text).toMatch(/^retry: 2000\n\n$/);
  });
});
