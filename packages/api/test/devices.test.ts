import { waitFor } from "@upgrade-ledger/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Items, ProblemBody, seenDevice, startWorld, type TestAgent, type World } from "./world.ts";

let world: World;
const agents: TestAgent[] = [];
beforeAll(async () => {
  world = await startWorld();
  for (const [id, version] of [
    ["pi-1", "0.1.1"],
    ["pi-2", "0.1.10"],
    ["pi-3", "0.1.2"],
    ["kiosk-1", "0.1.2+sha.9f"],
    ["kiosk-2", "0.1.2-rc.1"],
  ] as const) {
    agents.push(await seenDevice(world, id, version));
  }
  await agents[0]?.info({ site: "berlin", rack: "a=1" });
  await agents[1]?.info({ site: "paris" }, "linux-arm64");
  await waitFor(async () => (await ids("label=site=paris")).length === 1, {
    describe: "the labels to be known",
  });
});
afterAll(() => world.stop());

async function ids(query: string): Promise<unknown[]> {
  const { json } = await world.get(`/v1/devices?${query}`);
  return Items.parse(json).items.map((item) => item["device_id"]);
}

describe("GET /v1/devices", () => {
  it.each([
    ["", ["kiosk-1", "kiosk-2", "pi-1", "pi-2", "pi-3"]],
    ["sort=-device_id", ["pi-3", "pi-2", "pi-1", "kiosk-2", "kiosk-1"]],
    ["sort=current_version", ["pi-1", "kiosk-2", "kiosk-1", "pi-3", "pi-2"]],
    ["sort=-current_version", ["pi-2", "kiosk-1", "pi-3", "kiosk-2", "pi-1"]],
    ["version=0.1.2", ["kiosk-1", "pi-3"]],
    ["version=0.1.1&version=0.1.10", ["pi-1", "pi-2"]],
    ["q=KIOSK", ["kiosk-1", "kiosk-2"]],
    ["q=berlin", ["pi-1"]],
    ["label=site=berlin&label=rack=a=1", ["pi-1"]],
    ["label=site=berlin&label=site=paris", []],
    ["status=up-to-date&status=failed", ["kiosk-1", "kiosk-2", "pi-1", "pi-2", "pi-3"]],
    ["status=failed", []],
    ["phase=running&q=pi-", ["pi-1", "pi-2", "pi-3"]],
    ["desired_version=none&q=pi-3", ["pi-3"]],
  ])("?%s", async (query, expected) => {
    expect(await ids(query)).toEqual(expected);
  });

  it("pages through everything once, and clamps the size", async () => {
    const seen: unknown[] = [];
    let token = "";
    do {
      const { json } = await world.get(`/v1/devices?page_size=2&page_token=${token}`);
      const page = Items.parse(json);
      seen.push(...page.items.map((item) => item["device_id"]));
      token = page.next_page_token;
    } while (token !== "");
    expect(seen).toEqual(["kiosk-1", "kiosk-2", "pi-1", "pi-2", "pi-3"]);
    expect(await ids("page_size=100000")).toHaveLength(5);
  });

  it("cuts later pages from the view of the first one", async () => {
    const first = Items.parse((await world.get("/v1/devices?page_size=4")).json);
    await seenDevice(world, "aaa-new", "0.1.1");
    const second = Items.parse(
      (await world.get(`/v1/devices?page_size=4&page_token=${first.next_page_token}`)).json,
    );
    expect(second.items.map((item) => item["device_id"])).toEqual(["pi-3"]);
  });

  it("refuses a token with other filters", async () => {
    const { next_page_token: token } = Items.parse((await world.get("/v1/devices?page_size=1")).json);
    const answer = await world.get(`/v1/devices?page_size=1&q=pi&page_token=${token}`);
    expect(ProblemBody.parse(answer.json).code).toBe("page_token_invalid");
  });
});

describe("GET /v1/devices/{device_id}", () => {
  it("answers with state, live heartbeats and freshness", async () => {
    const answer = await world.get("/v1/devices/pi-1");
    expect(answer.json).toMatchObject({
      device_id: "pi-1",
      status: "up-to-date",
      phase: "running",
      current_version: "0.1.1",
      desired_version: null,
      upgrade: null,
      last_upgrade: null,
      instances: [{ instance_id: agents[0]?.instanceId, role: "active", agent_state: "running" }],
      policy: "pinned",
      live: { platform: "linux-x64", labels: { site: "berlin" }, heartbeats: [{ agent_state: "running" }] },
    });
    expect(Number(answer.headers.get("ledger-seq"))).toBeGreaterThan(0);
    expect(Number(answer.headers.get("ledger-head-seq"))).toBeGreaterThanOrEqual(
      Number(answer.headers.get("ledger-seq")),
    );
  });

  it("lists what it ran", async () => {
    const answer = await world.get("/v1/devices/pi-1/versions");
    expect(answer.json).toMatchObject({
      items: [{ version: "0.1.1", to: null, how: "first-seen" }],
      next_page_token: "",
    });
  });
});

describe("GET /v1/fleet/summary", () => {
  it("counts devices", async () => {
    const { json } = await world.get("/v1/fleet/summary");
    expect(json).toMatchObject({
      devices: 6,
      by_status: { "up-to-date": 6, failed: 0 },
      by_version: { "0.1.1": 2 },
    });
  });
});

describe("a fresh API", () => {
  it("knows stored heartbeats and documents at once", async () => {
    const { startApi } = await import("../src/index.ts");
    const { pino } = await import("pino");
    const api = await startApi({
      nc: await world.server.connect("api"),
      http: { host: "127.0.0.1", port: 0 },
      log: pino({ level: "silent" }),
      actor: "local:ada",
      version: "0.1.0",
    });
    const answer = await fetch(`${api.url}/v1/devices/pi-1`);
    expect(await answer.json()).toMatchObject({ status: "up-to-date", live: { heartbeats: [{}] } });
    await api.stop();
  });

  it("refuses an address that others can reach", async () => {
    const { startApi } = await import("../src/index.ts");
    const { pino } = await import("pino");
    const start = startApi({
      nc: await world.server.connect("api"),
      http: { host: "0.0.0.0", port: 0 },
      log: pino({ level: "silent" }),
      actor: "local:ada",
      version: "0.1.0",
    });
    await expect(start).rejects.toThrow(/no API keys/);
  });
});
