import { Kvm } from "@nats-io/kv";
import { BUCKETS } from "@upgrade-ledger/contract";
import { deviceProjection, stateOf } from "@upgrade-ledger/projections";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { ReplayStep } from "../src/schema/index.ts";
import { tell, type Tale } from "./tale.ts";
import { ARTIFACT, Items, ProblemBody, startWorld, type World } from "./world.ts";

let world: World;
let tale: Tale;
beforeAll(async () => {
  world = await startWorld();
  await world.put("/v1/artifacts/0.1.2", ARTIFACT);
  await tell(world, "other");
  tale = await tell(world, "pi-1");
});
afterAll(() => world.stop());

async function steps(query = ""): Promise<ReplayStep[]> {
  const { json } = await world.get(`/v1/devices/pi-1/replay?${query}`);
  return z.object({ items: z.array(ReplayStep) }).parse(json).items;
}

describe("GET /v1/devices/{device_id}/replay", () => {
  it("ends with the stored document, and agrees with the list of the device's events", async () => {
    const all = await steps();
    const nc = await world.server.connect("operator");
    const bucket = await new Kvm(nc).open(BUCKETS.devices);
    const stored = deviceProjection.restore((await bucket.get("pi-1"))?.string() ?? "");
    expect(all.at(-1)?.state).toEqual(stateOf(stored));
    const events = Items.parse((await world.get("/v1/devices/pi-1/events")).json).items;
    expect(all.map(({ seq, type, upgrade_id: id }) => [seq, type, id])).toEqual(
      events.map((event) => [event["seq"], event["type"], event["upgrade_id"]]),
    );
  });

  it("tells each event with both clocks, what it changed, and how long since the one before", async () => {
    const all = await steps();
    expect(all[0]?.since_previous_ms).toBeNull();
    const failed = all.find(({ type }) => type === "failed");
    const before = all[all.findIndex(({ type }) => type === "failed") - 1];
    expect(failed).toMatchObject({
      occurred_at: expect.stringMatching(/Z$/),
      upgrade_id: tale.failed,
      text: "It failed in verifying (self_test_failed): 404",
      since_previous_ms: Date.parse(failed?.ledger_time ?? "") - Date.parse(before?.ledger_time ?? ""),
      state: { phase: "running", upgrade: null, last_error: "404", valid_at_seq: failed?.seq },
    });
    expect(failed?.patch).toContainEqual({ op: "replace", path: "/last_error", value: "404" });
    expect(all.find(({ type }) => type === "dancing")).toMatchObject({
      occurred_at: null,
      anomalies: ["unknown"],
      text: "An event of the unknown type dancing was stored.",
    });
  });

  it("selects by upgrade, sequence and order, and pages", async () => {
    const all = await steps();
    const ofFailed = all.filter(({ upgrade_id: id }) => id === tale.failed);
    expect(ofFailed.map(({ type }) => type)).toEqual(["desired-version", "draining", "failed"]);
    expect(await steps(`upgrade_id=${tale.failed}`)).toEqual(ofFailed);
    const [from, to] = [all[1]?.seq ?? 0, all[3]?.seq ?? 0];
    expect(await steps(`from_seq=${from}&to_seq=${to}`)).toEqual(all.slice(1, 4));
    expect(await steps(`to_seq=${to}&order=desc&page_size=1`)).toEqual(all.slice(3, 4));
    const paged: unknown[] = [];
    let token = "";
    do {
      const { json } = await world.get(`/v1/devices/pi-1/replay?page_size=2&page_token=${token}`);
      const page = Items.parse(json);
      paged.push(...page.items);
      token = page.next_page_token;
    } while (token !== "");
    expect(paged).toEqual(all);
  });

  it("refuses what it does not know", async () => {
    for (const [path, code] of [
      ["/v1/devices/nobody/replay", "device_unknown"],
      ["/v1/devices/pi-1/replay?from_seq=x", "invalid_request"],
      ["/v1/devices/pi-1/replay?upgrade=x", "unknown_parameter"],
    ] as const) {
      expect(ProblemBody.parse((await world.get(path)).json).code).toBe(code);
    }
  });
});
