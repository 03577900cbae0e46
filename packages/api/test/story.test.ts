// One upgrade from the request to its end, as the API tells it; and what asking twice, cancelling and strangers do.
import { EventId, UpgradeId, Version } from "@upgrade-ledger/contract";
import { newEventId } from "@upgrade-ledger/ledger";
import { waitFor } from "@upgrade-ledger/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { Accepted, ARTIFACT, Items, ProblemBody, seenDevice, startWorld, type World } from "./world.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
  await world.put("/v1/artifacts/0.1.2", ARTIFACT);
  await world.caughtUp();
});
afterAll(() => world.stop());

const wanted = (version: string | null) => ({ desired_version: version, reason: "security fix" });

async function ask(device: string, version: string | null, headers: Record<string, string> = {}) {
  const answer = await world.put(`/v1/devices/${device}/desired-version`, wanted(version), headers);
  expect(answer).toMatchObject({ status: 202 });
  return { ...Accepted.parse(answer.json), answer };
}

async function phaseOf(device: string): Promise<string | undefined> {
  const { json } = await world.get(`/v1/devices/${device}`);
  return z.looseObject({ phase: z.string() }).safeParse(json).data?.phase;
}

/** The sequences of all events, page by page. */
async function collect(order: string): Promise<number[]> {
  const seqs: number[] = [];
  let token = "";
  do {
    const page = Items.parse(
      (await world.get(`/v1/events?order=${order}&page_size=7&page_token=${token}`)).json,
    );
    seqs.push(...page.items.map((item) => Number(item["seq"])));
    token = page.next_page_token;
  } while (token !== "");
  return seqs;
}

describe("an upgrade that succeeds", () => {
  it("is told from request to end", async () => {
    const old = await seenDevice(world, "good-1", "0.1.1");
    const { upgrade_id: id, ledger_seq: seq, answer } = await ask("good-1", "0.1.2");
    expect(answer.headers.get("location")).toBe(`/v1/upgrades/${id}`);
    expect(answer.json).toMatchObject({
      event_id: id,
      artifact: { version: "0.1.2", sha256: ARTIFACT.sha256 },
    });

    const own = await world.get("/v1/devices/good-1", { "ledger-min-seq": String(seq), prefer: "wait=10" });
    expect(own.json).toMatchObject({
      status: "updating",
      phase: "requested",
      desired_version: "0.1.2",
      upgrade: {
        upgrade_id: id,
        from_version: "0.1.1",
        to_version: "0.1.2",
        requested_by: "local:ada",
        reason: "security fix",
        waiting_for: "the agent to take it up",
      },
    });

    const upgradeId = UpgradeId.parse(id);
    const common = { upgrade_id: upgradeId };
    const [from, to] = [Version.parse("0.1.1"), Version.parse("0.1.2")];
    await old.writer.append(old.deviceId, { type: "draining", ...common, in_flight: 0 });
    const link = { path: "/opt/agent", from: "fleet-agent-v0.1.1", to: "fleet-agent-v0.1.2" };
    await old.writer.append(old.deviceId, {
      type: "cutover-ready",
      ...common,
      symlink: link,
      unit: "fleet-agent",
    });
    const fresh = await world.agent("good-1", "0.1.2");
    const beat = z.looseObject({ upgrade: z.looseObject({ stop_event_id: EventId }) });
    const stopEventId = await waitFor(
      async () => {
        old.heartbeat("cutover-ready");
        fresh.nc.publish(
          `device-heartbeat.good-1.${fresh.instanceId}`,
          JSON.stringify({
            device_id: "good-1",
            instance_id: fresh.instanceId,
            current_version: "0.1.2",
            agent_state: "running",
            upgrade_id: id,
            interval_ms: 500,
            sent_at: new Date().toISOString(),
          }),
        );
        const { json } = await world.get("/v1/devices/good-1");
        return beat.safeParse(json).data?.upgrade.stop_event_id;
      },
      { describe: "the operator to issue the stop", intervalMs: 50 },
    );
    await old.writer.append(old.deviceId, { type: "stopping", ...common, stop_event_id: stopEventId });
    await fresh.writer.append(old.deviceId, {
      type: "done",
      ...common,
      from_version: from,
      to_version: to,
      stop_event_id: stopEventId,
      old_exit: null,
      old_instance: null,
    });
    await world.caughtUp();

    expect((await world.get("/v1/devices/good-1")).json).toMatchObject({
      status: "up-to-date",
      phase: "running",
      current_version: "0.1.2",
      upgrade: null,
      last_upgrade: { upgrade_id: id, outcome: "done", verified: true, reverted: false },
    });
    expect((await world.get("/v1/devices/good-1/versions")).json).toMatchObject({
      items: [
        { version: "0.1.1", how: "first-seen" },
        { version: "0.1.2", to: null, how: "upgrade", upgrade_id: id, requested_by: "local:ada" },
      ],
    });
    expect((await world.get("/v1/devices/good-1/upgrades")).json).toMatchObject({
      items: [{ upgrade_id: id, outcome: "done" }],
    });
    const why = await world.get(`/v1/upgrades/${id}`);
    expect(why.json).toMatchObject({
      device_id: "good-1",
      outcome: "done",
      verified: true,
      stops: [{ event_id: stopEventId, evidence: { instance_id: fresh.instanceId }, accepted: {} }],
    });
    const events = Items.parse((await world.get("/v1/devices/good-1/events")).json).items;
    const types = events.map((event) => event["type"]);
    expect(types.filter((type) => type !== "agent-observed")).toEqual([
      "desired-version",
      "draining",
      "cutover-ready",
      "upgrade-stop",
      "stopping",
      "done",
    ]);
    expect(events.map((event) => Number(event["seq"]))).toEqual(
      events.map((event) => Number(event["seq"])).toSorted((a, b) => a - b),
    );
    const stops = Items.parse((await world.get("/v1/devices/good-1/events?type=upgrade-stop")).json);
    expect(stops.items).toMatchObject([{ event_id: stopEventId, payload: { type: "upgrade-stop" } }]);
  });

  it("may be asked back without an artifact, because the device has kept the version", async () => {
    const { answer } = await ask("good-1", "0.1.1");
    expect(answer.json).toMatchObject({ desired_version: "0.1.1", artifact: null });
  });
});

describe("asking twice", () => {
  it("with one key stores one event, and answers the same", async () => {
    await seenDevice(world, "twice-1", "0.1.1");
    const headers = { "idempotency-key": newEventId() };
    const first = await ask("twice-1", "0.1.2", headers);
    const atOnce = await Promise.all([ask("twice-1", "0.1.2", headers), ask("twice-1", "0.1.2", headers)]);
    await world.caughtUp();
    const later = await ask("twice-1", "0.1.2", headers);
    for (const again of [...atOnce, later]) {
      expect(again).toMatchObject({ upgrade_id: headers["idempotency-key"], ledger_seq: first.ledger_seq });
    }
    const { json } = await world.get("/v1/devices/twice-1/events?type=desired-version");
    expect(Items.parse(json).items).toHaveLength(1);
    for (const other of [{ ...wanted("0.1.2"), reason: "another" }, wanted("0.1.1")]) {
      const answer = await world.put("/v1/devices/twice-1/desired-version", other, headers);
      expect(ProblemBody.parse(answer.json).code).toBe("idempotency_key_reused");
    }
  });

  it("without a key is a new upgrade", async () => {
    await seenDevice(world, "twice-2", "0.1.1");
    const [first, second] = [await ask("twice-2", "0.1.2"), await ask("twice-2", "0.1.2")];
    expect(first.upgrade_id).not.toBe(second.upgrade_id);
  });
});

describe("cancelling", () => {
  it("names the open upgrade, also right after the request", async () => {
    await seenDevice(world, "cancel-1", "0.1.1");
    const { upgrade_id: id } = await ask("cancel-1", "0.1.2");
    const cancelled = await ask("cancel-1", null);
    expect(cancelled.upgrade_id).toBe(id);
    expect(cancelled.event_id).not.toBe(id);
  });
});

describe("publishing", () => {
  const other = { ...ARTIFACT, sha256: "c".repeat(64) };

  it("lists what is published, by version", async () => {
    await world.put("/v1/artifacts/0.1.10", {
      ...ARTIFACT,
      url: "https://files.example.org/fleet-agent-v0.1.10",
    });
    await world.caughtUp();
    const { json } = await world.get("/v1/artifacts");
    expect(json).toMatchObject({
      items: [{ version: "0.1.2", published_by: "local:ada" }, { version: "0.1.10" }],
    });
  });

  it("the same again stores nothing; other bytes are taken until a device has run the version", async () => {
    const once = await world.put("/v1/artifacts/0.1.10", {
      ...ARTIFACT,
      url: "https://files.example.org/fleet-agent-v0.1.10",
    });
    const twice = await world.put("/v1/artifacts/0.1.10", {
      ...ARTIFACT,
      url: "https://files.example.org/fleet-agent-v0.1.10",
    });
    expect(twice.json).toEqual(once.json);
    expect((await world.put("/v1/artifacts/0.1.10", other)).status).toBe(200);
    const refused = await world.put("/v1/artifacts/0.1.2", other);
    expect(ProblemBody.parse(refused.json)).toMatchObject({ status: 409, code: "artifact_conflict" });
  });

  it("keeps bytes, and gives them back", async () => {
    const bytes = Buffer.alloc(300_000, "agent");
    const path = `${world.url}/v1/artifacts/0.1.7/content?platform=any`;
    const headers = { "content-type": "application/octet-stream" };
    const stored = await fetch(path, { method: "PUT", body: bytes, headers });
    expect(await stored.json()).toMatchObject({
      url: "nats://agent-artifacts/fleet-agent-v0.1.7-any",
      size_bytes: 300_000,
    });
    const fetched = Buffer.from(await (await fetch(path)).arrayBuffer());
    expect(fetched.equals(bytes)).toBe(true);
  });
});

describe("what cannot be believed", () => {
  it("is shown under quarantine with its bytes, and everything else goes on", async () => {
    const agent = await seenDevice(world, "strange-1", "0.1.1");
    const publish = (text: string) => agent.nc.request("device-state.strange-1.upgrade", text);
    await publish("not json");
    await publish(JSON.stringify({ device_id: "somebody-else", phase: "staging" }));
    const head = { schema_version: 1, device_id: "strange-1", event_id: newEventId(), type: "teleported" };
    await publish(JSON.stringify(head));
    await world.caughtUp();
    const { items } = Items.parse((await world.get("/v1/quarantine?device_id=strange-1")).json);
    expect(items).toMatchObject([
      { kind: "quarantined", code: "not_json", raw: Buffer.from("not json").toString("base64") },
      { kind: "quarantined", code: "wrong_device" },
      { kind: "unknown", code: "unknown_type" },
    ]);
    const seq = Number(items[0]?.["seq"]);
    expect((await world.get(`/v1/events/${seq}`)).json).toMatchObject({ kind: "quarantined", payload: null });
    const listed = Items.parse((await world.get(`/v1/events?from_seq=${seq}&kind=unknown`)).json).items;
    expect(listed).toMatchObject([{ type: "teleported", event_id: head.event_id }]);
    expect(await phaseOf("strange-1")).toBe("running");
    expect((await world.get("/v1/fleet/summary")).json).toMatchObject({
      quarantined_events: 2,
      unknown_events: 1,
    });
  });
});

describe("GET /v1/events", () => {
  it("gives every event once, forwards and backwards, to the head at the first page", async () => {
    const forwards = await collect("asc");
    expect(forwards).toEqual(forwards.map((_, index) => index + 1));
    expect(await collect("desc")).toEqual(forwards.toReversed());
  });
});

describe("enrolment", () => {
  it("is an event, once for one key, and makes the device known", async () => {
    const publicKey = (await world.server.registerDevice("enrol-1")).publicKey;
    const enrol = async () => {
      const answer = await fetch(`${world.url}/v1/devices/enrol-1/enrolment`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ public_key: publicKey }),
      });
      expect(answer.status).toBe(201);
      return z.looseObject({ ledger_seq: z.number() }).parse(await answer.json()).ledger_seq;
    };
    expect(await enrol()).toBe(await enrol());
    await world.caughtUp();
    expect((await world.get("/v1/devices/enrol-1")).json).toMatchObject({
      status: "unknown",
      current_version: "unknown",
    });
  });
});
