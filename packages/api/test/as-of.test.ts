// The ledger as it stood: every answer equals a fold of the prefix (spec §6, guarantee G6).
import { ledgerOf } from "@upgrade-ledger/ledger";
import {
  deviceProjection,
  foldAll,
  type HistoryDocument,
  historyProjection,
} from "@upgrade-ledger/projections";
import type { LedgerEntry } from "@upgrade-ledger/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { tell, type Tale } from "./tale.ts";
import { ARTIFACT, Items, ProblemBody, seenDevice, startWorld, type World } from "./world.ts";

let world: World;
let tale: Tale;
const entries: LedgerEntry[] = [];
beforeAll(async () => {
  world = await startWorld();
  await world.put("/v1/artifacts/0.1.2", ARTIFACT);
  tale = await tell(world, "pi-1");
  await seenDevice(world, "pi-2", "0.1.1");
  await world.caughtUp();
  const ledger = ledgerOf(await world.server.connect("operator"));
  for await (const entry of ledger.read()) entries.push(entry);
});
afterAll(() => world.stop());

const prefix = (seq: number) => entries.filter((entry) => entry.seq <= seq);
const seqs = () => entries.map(({ seq }) => seq);

async function problem(path: string): Promise<string> {
  return ProblemBody.parse((await world.get(path)).json).code;
}

describe("as_of_seq", () => {
  it("a device equals the fold of the prefix at every sequence", async () => {
    for (const seq of seqs()) {
      const folded = foldAll(deviceProjection, prefix(seq)).get("pi-1");
      const answer = await world.get(`/v1/devices/pi-1?as_of_seq=${seq}`);
      expect(answer.status).toBe(folded === undefined ? 404 : 200);
      if (folded === undefined) continue;
      const {
        phase,
        desired_version: desired,
        anomalies,
        valid_at_seq: at,
      } = deviceProjection.restore(folded);
      expect(answer.json).toMatchObject({ phase, desired_version: desired, anomalies, valid_at_seq: at });
      expect(answer.json).not.toHaveProperty("live");
      expect(answer.headers.get("ledger-seq")).toBe(String(seq));
      expect(answer.headers.get("cache-control")).toBe("private, max-age=31536000, immutable");
    }
  });

  it("versions, upgrades, one upgrade and the replay do, too", async () => {
    for (const seq of seqs()) {
      const folded = foldAll(historyProjection, prefix(seq));
      const text = folded.get("pi-1");
      if (text === undefined) continue;
      const { intervals, upgrades }: HistoryDocument = JSON.parse(text);
      const [versions, attempts, steps] = await Promise.all(
        ["versions", "upgrades", "replay"].map(async (list) =>
          Items.parse((await world.get(`/v1/devices/pi-1/${list}?as_of_seq=${seq}`)).json),
        ),
      );
      expect(versions?.items).toEqual(intervals);
      expect(attempts?.items).toEqual(upgrades);
      expect(steps?.items.map((step) => step["seq"])).toEqual(
        prefix(seq)
          .filter((entry) => entry.decoded.deviceId === "pi-1")
          .map((entry) => entry.seq),
      );
      const record = folded.get(`pi-1.${tale.failed}`);
      const attempt = await world.get(`/v1/upgrades/${tale.failed}?as_of_seq=${seq}`);
      expect(attempt.status).toBe(record === undefined ? 404 : 200);
      const { outcome } = z
        .looseObject({ outcome: z.string().nullable() })
        .parse(JSON.parse(record ?? '{"outcome":null}'));
      expect(attempt.json).toMatchObject(record === undefined ? {} : { outcome });
    }
  });

  it("tells the time-driven fields of then, and nothing that only the present knows", async () => {
    const seen = entries.find(({ decoded }) => decoded.kind === "event" && decoded.event.type === "failed");
    const past = await world.get(`/v1/devices/pi-1?as_of_seq=${seen?.seq}`);
    expect(past.json).toMatchObject({ status: "failed", upgrade: null, last_upgrade: { outcome: "failed" } });
    expect((await world.get("/v1/devices/pi-1")).json).toMatchObject({ status: "updating", live: {} });
  });
});

describe("as_of_time", () => {
  it("is the last sequence before the first event that is later", async () => {
    const first = entries.findIndex(({ decoded }) => decoded.deviceId === "pi-1");
    for (const { ledgerTime } of entries.slice(first)) {
      const later = entries.find((entry) => Date.parse(entry.ledgerTime) > Date.parse(ledgerTime));
      const last = later === undefined ? entries.at(-1)?.seq : later.seq - 1;
      const answer = await world.get(`/v1/devices/pi-1/upgrades?as_of_time=${ledgerTime}`);
      expect(answer.headers.get("ledger-seq")).toBe(String(last));
    }
  });

  it("may be cached only when a later event has settled it", async () => {
    const settled = await world.get(`/v1/devices/pi-1?as_of_time=${entries.at(-2)?.ledgerTime}`);
    expect(settled.headers.get("cache-control")).toContain("immutable");
    const open = await world.get(`/v1/devices/pi-1?as_of_time=${new Date().toISOString()}`);
    expect(open.headers.get("cache-control")).toBe("private, no-cache");
    expect(open.json).toMatchObject({ device_id: "pi-1" });
  });
});

describe("moments that there are not", () => {
  it("409 beyond the head, with the head; 410 before the first event; 400 for both", async () => {
    const head = entries.at(-1)?.seq ?? 0;
    const future = await world.get(`/v1/devices/pi-1?as_of_seq=${head + 1}`);
    expect(future).toMatchObject({ status: 409, json: { code: "as_of_in_future", ledger_head_seq: head } });
    expect(future.headers.get("cache-control")).toBe("private, no-cache");
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
    expect(await problem(`/v1/devices/pi-1/versions?as_of_time=${tomorrow}`)).toBe("as_of_in_future");
    expect(await world.get("/v1/devices/pi-1?as_of_seq=0")).toMatchObject({
      status: 410,
      json: { code: "as_of_before_ledger", ledger_first_seq: 1 },
    });
    expect(await problem("/v1/devices/pi-1?as_of_time=2001-01-01T00:00:00Z")).toBe("as_of_before_ledger");
    expect(await problem("/v1/devices/pi-1?as_of_seq=1&as_of_time=2001-01-01T00:00:00Z")).toBe(
      "invalid_request",
    );
    expect(await problem("/v1/devices/pi-1?as_of_time=yesterday")).toBe("invalid_request");
    expect(await problem(`/v1/devices/pi-2?as_of_seq=1`)).toBe("device_unknown");
    expect(await problem(`/v1/upgrades/${tale.open}?as_of_seq=1`)).toBe("device_unknown");
  });
});
