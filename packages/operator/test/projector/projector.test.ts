// The projector against a real server: whatever happens on the way, what is stored is the fold of the ledger (G6).
import { BUCKETS, keys } from "@upgrade-ledger/contract";
import { waitFor } from "@upgrade-ledger/testkit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { deletion } from "../../src/projector/stored-document.ts";
import { type Projector, startProjector } from "../../src/projector/projector.ts";
import { busyLife, DEVICES, Scene, silent } from "./ledger-with-events.ts";

let scene: Scene;
let projectors: Projector[];

beforeEach(async () => {
  scene = await Scene.open();
  projectors = [];
});

afterEach(async () => {
  await Promise.all(projectors.map(async (projector) => projector.stop()));
  await scene.close();
});

async function start(options: { maxStates?: number } = {}): Promise<Projector> {
  const projector = startProjector({ nc: await scene.connect(), log: silent, ...options });
  projectors.push(projector);
  return projector;
}

async function applied(projector: Projector, seq: number): Promise<void> {
  await waitFor(() => projector.appliedSeq >= seq, {
    describe: `sequence ${seq} to be applied, not only ${projector.appliedSeq}: ${projector.failure?.message}`,
  });
}

const lives = (rounds: number) => DEVICES.map((device) => busyLife(device, rounds));

describe("what is stored", () => {
  it("is the fold of the ledger, caught up with and followed live", async () => {
    await scene.storeAll(lives(3));
    const projector = await start();
    await projector.caughtUp;
    expect(projector.failure).toBeUndefined();
    expect(await scene.stored()).toEqual(await scene.folded());
    await scene.storeAll(lives(2));
    await applied(projector, await scene.headSeq());
    expect(projector.lag).toBe(0);
    expect(await scene.stored()).toEqual(await scene.folded());
  });

  it("is the same when only few states fit into memory", async () => {
    await scene.storeAll(lives(2));
    const projector = await start({ maxStates: 2 });
    await projector.caughtUp;
    await scene.storeAll(lives(2));
    await applied(projector, await scene.headSeq());
    expect(await scene.stored()).toEqual(await scene.folded());
  });

  it("tells readers of the ADR what is desired", async () => {
    const story = busyLife("pi-0001", 1);
    const upgradeId = story.asksFor("0.9.0");
    await scene.store(story.lines);
    const projector = await start();
    await projector.caughtUp;
    const bucket = await scene.bucket(BUCKETS.deviceInfo);
    const value = await bucket.read(keys.desiredInfo("pi-0001"));
    expect(JSON.parse(new TextDecoder().decode(value?.data))).toEqual({
      device_id: "pi-0001",
      desired_version: "0.9.0",
      upgrade_id: upgradeId,
      ledger_seq: story.seq,
    });
  });

  it("is there when it is said to be: a listener finds the documents of every sequence it hears of", async () => {
    const projector = await start();
    await projector.caughtUp;
    const heard: number[] = [];
    const end = projector.onApplied((seq) => heard.push(seq));
    await scene.store(busyLife("pi-0001", 1).lines);
    const head = await scene.headSeq();
    await waitFor(() => heard.includes(head), { describe: `sequence ${head} to be heard of` });
    end();
    expect(heard).toEqual(heard.toSorted((a, b) => a - b));
    expect(await scene.stored()).toEqual(await scene.folded());
  });
});

describe("lag", () => {
  it("is small: the stored documents follow an acknowledged event within half a second, most within a tenth", async () => {
    const projector = await start();
    await projector.caughtUp;
    const { lines } = busyLife("pi-0001", 2);
    const lags: number[] = [];
    for (const line of lines) {
      const startedAt = performance.now();
      await scene.store([line]);
      await waitFor(() => projector.appliedSeq >= line.seq, { describe: "it to be applied", intervalMs: 1 });
      lags.push(performance.now() - startedAt);
    }
    lags.sort((a, b) => a - b);
    expect(lags[Math.floor(lags.length / 2)]).toBeLessThan(100);
    expect(lags.at(-1)).toBeLessThan(500);
  });
});

describe("after a crash", () => {
  it("at any point, the next one goes on without rebuilding, and nothing is lost or counted twice", async () => {
    const feeding = scene.storeAll(lives(12));
    const marks = [0, 3, 40, 41, 200, 350, 600];
    for (const mark of marks) {
      const nc = await scene.connect();
      const projector = startProjector({ nc, log: silent });
      await waitFor(() => projector.appliedSeq > mark, { describe: `a sequence after ${mark}` });
      // In the middle of whatever it does: what it wrote is there, the rest is not.
      await nc.close();
      await projector.stop();
    }
    await feeding;
    const rebuilds: string[] = [];
    const log = silent.child({});
    log.warn = (note: object) => rebuilds.push(JSON.stringify(note));
    const last = startProjector({ nc: await scene.connect(), log });
    projectors.push(last);
    await applied(last, await scene.headSeq());
    expect(rebuilds).toEqual([]);
    expect(await scene.stored()).toEqual(await scene.folded());
  });

  it("that kept the checkpoint and lost a document which it covers, everything is rebuilt", async () => {
    await scene.storeAll(lives(2));
    const first = await start();
    await first.caughtUp;
    await first.stop();
    const bucket = await scene.bucket(BUCKETS.histories);
    const value = await bucket.read("pi-0003");
    await bucket.write("pi-0003", "", deletion(), value?.revision ?? 0);
    const second = await start();
    await second.caughtUp;
    expect(await scene.stored()).toEqual(await scene.folded());
  });

  it("that left an older document under a newer checkpoint, everything is rebuilt", async () => {
    const [before, after] = [busyLife("pi-0001", 2), busyLife("pi-0002", 1)];
    await scene.store(before.lines);
    const first = await start();
    await first.caughtUp;
    const bucket = await scene.bucket(BUCKETS.devices);
    const old = await bucket.read("pi-0001");
    await scene.store([...busyLife("pi-0001", 1).lines, ...after.lines]);
    await applied(first, await scene.headSeq());
    await first.stop();
    const newer = await bucket.read("pi-0001");
    await bucket.write("pi-0001", old?.data ?? "", old?.headers, newer?.revision ?? 0);
    const second = await start();
    await second.caughtUp;
    expect(await scene.stored()).toEqual(await scene.folded());
  });

  it("documents that no fold gives are removed by a rebuild", async () => {
    await scene.store(busyLife("pi-0001", 1).lines);
    const bucket = await scene.bucket(BUCKETS.devices);
    await bucket.write("pi-9999", '{"device_id":"pi-9999"}', undefined, 0);
    const projector = await start();
    await projector.caughtUp;
    expect(await scene.stored()).toEqual(await scene.folded());
  });
});

describe("two at once", () => {
  it("do no harm; one acts and the other waits", async () => {
    const [one, other] = [await start(), await start()];
    await scene.storeAll(lives(4));
    const head = await scene.headSeq();
    await Promise.all([applied(one, head), applied(other, head)]);
    expect([one.failure, other.failure]).toEqual([undefined, undefined]);
    expect(new Set([one.role, other.role])).toEqual(new Set(["active", "standby"]));
    expect(await scene.stored()).toEqual(await scene.folded());
  });

  it("the waiting one takes over within five seconds when the other dies", async () => {
    const [one, other] = [await start(), await start()];
    await scene.storeAll(lives(1));
    await waitFor(() => [one.role, other.role].includes("standby"), { describe: "one to stand by" });
    const [active, waiting] = one.role === "active" ? [one, other] : [other, one];
    await active.stop();
    const diedAt = performance.now();
    await scene.storeAll(lives(1));
    await applied(waiting, await scene.headSeq());
    expect(performance.now() - diedAt).toBeLessThan(5_000);
    expect(waiting.role).toBe("active");
    expect(await scene.stored()).toEqual(await scene.folded());
  });
});
