import { waitFor } from "@upgrade-ledger/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Accepted, ARTIFACT, seenDevice, startWorld, type TestAgent, type World } from "./world.ts";

let world: World;
let agent: TestAgent;
let upgradeId = "";
beforeAll(async () => {
  world = await startWorld();
  agent = await seenDevice(world, "pi-1", "0.1.1");
  await seenDevice(world, "pi-2", "0.1.1");
  await world.put("/v1/artifacts/0.1.2", ARTIFACT);
  await world.caughtUp();
  const asked = await world.put("/v1/devices/pi-1/desired-version", {
    desired_version: "0.1.2",
    reason: "test",
  });
  upgradeId = Accepted.parse(asked.json).upgrade_id;
  await world.caughtUp();
});
afterAll(() => world.stop());

async function tagOf(path: string): Promise<string> {
  return (await world.get(path)).headers.get("etag") ?? "";
}

const PATHS = (): string[] => [
  "/v1/devices/pi-1",
  "/v1/devices",
  "/v1/devices?page_size=1&sort=-status",
  "/v1/fleet/summary",
  `/v1/upgrades/${upgradeId}`,
];

describe("etag", () => {
  it.each([0, 1, 2, 3, 4])(
    "of path %i: the same while nothing changes, and 304 for those who have it",
    async (index) => {
      const path = PATHS()[index] ?? "";
      // The operator may still be writing down what it has just heard.
      const tag = await waitFor(
        async () => {
          const [first, second] = [await tagOf(path), await tagOf(path)];
          return first === second && first;
        },
        { describe: "the tag to stay" },
      );
      expect(tag).toMatch(/^W\/"\d+-\d+-\d+(-[\w.-]+)?"$/);
      for (const asked of [tag, `"other", ${tag}`, tag.slice(2), "*"]) {
        const answer = await world.get(path, { "if-none-match": asked });
        expect([answer.status, answer.text, answer.headers.get("etag")]).toEqual([304, "", tag]);
        expect(Number(answer.headers.get("ledger-seq"))).toBeGreaterThan(0);
        expect(answer.headers.get("cache-control")).toBe("private, no-cache");
      }
      expect((await world.get(path, { "if-none-match": 'W/"other"' })).status).toBe(200);
    },
  );

  it("changes with an event, but only of what it touched", async () => {
    const before = await Promise.all(["/v1/devices/pi-1", "/v1/devices/pi-2", "/v1/devices"].map(tagOf));
    await world.put("/v1/devices/pi-1/desired-version", { desired_version: "0.1.2", reason: "again" });
    await world.caughtUp();
    await waitFor(async () => (await tagOf("/v1/devices/pi-1")) !== before[0], { describe: "another tag" });
    expect(await tagOf("/v1/devices/pi-2")).toBe(before[1]);
    expect(await tagOf("/v1/devices")).not.toBe(before[2]);
  });

  it("stays when a heartbeat says the same again, changes when it says something else", async () => {
    const before = await world.get("/v1/devices/pi-1");
    agent.heartbeat();
    const again = await waitFor(
      async () => {
        const answer = await world.get("/v1/devices/pi-1");
        return answer.text !== before.text && answer;
      },
      { describe: "the heartbeat to be shown" },
    );
    expect(again.headers.get("etag")).toBe(before.headers.get("etag"));
    agent.heartbeat("draining");
    await waitFor(async () => (await tagOf("/v1/devices/pi-1")) !== before.headers.get("etag"), {
      describe: "another tag",
    });
  });

  it("changes with the labels", async () => {
    const before = await tagOf("/v1/devices/pi-2");
    const other = await world.agent("pi-2", "0.1.1");
    await other.info({ site: "berlin" });
    const changed = waitFor(async () => (await tagOf("/v1/devices/pi-2")) !== before, {
      describe: "another tag",
    });
    await expect(changed).resolves.toBe(true);
  });
});

describe("what can never change", () => {
  it("may be kept without asking again", async () => {
    const { headers } = await world.get("/v1/events/1");
    expect(headers.get("cache-control")).toBe("private, max-age=31536000, immutable");
  });
});
