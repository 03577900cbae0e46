// The index answers what a look at every device would answer, whatever happens and whenever it is asked.
import { DEFAULT_TIMINGS, type FleetSummary, fleetSummary, statusOf } from "@upgrade-ledger/projections";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DueHeap } from "../src/fleet/due-heap.ts";
import { FleetIndex } from "../src/fleet/fleet-index.ts";
import { deviceTest, type DeviceFilter, type DeviceRow } from "../src/present/device-filter.ts";
import { deviceOrder } from "../src/present/device-order.ts";
import { liveHeartbeat } from "../src/present/live-heartbeat.ts";
import { LastHeartbeats } from "../src/view/last-heartbeats.ts";
import type { DeviceLabels, KnownDevice } from "../src/view/read-model.ts";
import { arbitraryDevice, heartbeatOf, IDS, INSTANCES, START_MS } from "./arbitrary-device.ts";

type Step =
  | { readonly what: "put"; readonly device: KnownDevice }
  | { readonly what: "remove"; readonly id: string }
  | {
      readonly what: "heartbeat";
      readonly id: string;
      readonly instance: string;
      readonly intervalMs: number;
    }
  | { readonly what: "label"; readonly id: string; readonly site: string | undefined }
  | { readonly what: "time"; readonly byMs: number }
  | { readonly what: "read"; readonly filter: DeviceFilter; readonly sort: string };

const id = fc.constantFrom(...IDS);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ what: fc.constant("put" as const), device: arbitraryDevice }),
  fc.record({ what: fc.constant("remove" as const), id }),
  fc.record({
    what: fc.constant("heartbeat" as const),
    id,
    instance: fc.constantFrom(...INSTANCES),
    intervalMs: fc.constantFrom(500, 10_000, 30_000),
  }),
  fc.record({
    what: fc.constant("label" as const),
    id,
    site: fc.constantFrom("berlin", "paris", undefined),
  }),
  fc.record({
    what: fc.constant("time" as const),
    byMs: fc.oneof(
      fc.constantFrom(-5_000, 1, 1_500, 30_000, 30_001, 3_600_001),
      fc.integer({ min: 0, max: 200_000 }),
    ),
  }),
  fc.record({
    what: fc.constant("read" as const),
    filter: fc.record(
      {
        status: fc.subarray(["offline", "stalled", "updating", "failed", "up-to-date"]),
        phase: fc.subarray(["running", "staging"], { minLength: 1 }),
        version: fc.subarray(["0.1.1", "0.1.10"], { minLength: 1 }),
        label: fc.constant([["site", "berlin"] as const]),
        q: fc.constantFrom("pi", "paris", "0.1"),
      },
      { requiredKeys: [] },
    ),
    sort: fc.constantFrom("device_id", "-device_id", "status", "-current_version", "phase_since"),
  }),
);

interface Two<T> {
  readonly indexed: T;
  readonly looked: T;
}

class Fleet {
  nowMs = START_MS;
  readonly devices = new Map<string, KnownDevice>();
  readonly labels = new Map<string, DeviceLabels>();
  readonly heartbeats = new LastHeartbeats();
  readonly index = new FleetIndex({
    now: () => this.nowMs,
    timings: DEFAULT_TIMINGS,
    liveOf: (deviceId, nowMs) => this.heartbeats.of(deviceId, nowMs),
    labelsOf: (deviceId) => this.labels.get(deviceId),
  });

  do(done: Exclude<Step, { readonly what: "read" }>): void {
    switch (done.what) {
      case "put":
        this.devices.set(done.device.device_id, done.device);
        return this.index.put(done.device);
      case "remove":
        this.devices.delete(done.id);
        return this.index.remove(done.id);
      case "heartbeat": {
        const heartbeat = heartbeatOf(done.id, done.instance, done.intervalMs);
        const news = this.heartbeats.hear(heartbeat, this.nowMs);
        if (news !== "nothing") this.index.heard(done.id, news === "words");
        return undefined;
      }
      case "label":
        if (done.site === undefined) this.labels.delete(done.id);
        else this.labels.set(done.id, { platform: "linux-x64", labels: { site: done.site } });
        return this.index.relabelled(done.id);
      case "time":
        this.nowMs += done.byMs;
        return undefined;
    }
  }

  /** The list as the index gives it, and as a look at every device gives it. */
  lists(filter: DeviceFilter, sort: string): Two<DeviceRow[]> {
    const fits = deviceTest(filter);
    const looked = [...this.devices.values()]
      .map((device) => ({ device, status: this.statusOf(device) }))
      .filter((row) => fits(row, this.labels.get(row.device.device_id)))
      .toSorted(deviceOrder(sort));
    this.index.bringUp();
    const indexed = this.index.select(filter, sort).map(({ device, status }) => ({ device, status }));
    return { indexed, looked };
  }

  /** The counts, likewise. */
  summaries(): Two<FleetSummary> {
    this.index.bringUp();
    const liveOf = (deviceId: string) => this.heartbeats.of(deviceId, this.nowMs).map(liveHeartbeat);
    return {
      indexed: this.index.summary(),
      looked: fleetSummary(this.devices.values(), liveOf, this.nowMs),
    };
  }

  statusOf(device: KnownDevice) {
    return statusOf(device, this.heartbeats.of(device.device_id, this.nowMs).map(liveHeartbeat), this.nowMs);
  }
}

function same<T>({ indexed, looked }: Two<T>): void {
  expect(indexed).toEqual(looked);
}

describe("the fleet index", () => {
  it("answers as a look at every device does", () => {
    expect.hasAssertions();
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
        const fleet = new Fleet();
        for (const each of steps) {
          if (each.what === "read") same(fleet.lists(each.filter, each.sort));
          else fleet.do(each);
          if (each.what === "time") same(fleet.summaries());
        }
        same(fleet.summaries());
        same(fleet.lists({}, "-status"));
        same(fleet.lists({ status: ["offline", "stalled"] }, "device_id"));
        expect(fleet.index.summary().devices).toBe(fleet.devices.size);
      }),
      { numRuns: 300 },
    );
  });

  it("leaves a list that it has given as it was", () => {
    const fleet = new Fleet();
    const [first] = fc.sample(arbitraryDevice, { numRuns: 1, seed: 1 });
    if (first === undefined) throw new Error("no sample");
    fleet.do({ what: "put", device: first });
    const before = fleet.index.select({}, "device_id");
    fleet.do({ what: "remove", id: first.device_id });
    expect(before).toHaveLength(1);
    expect(fleet.index.select({}, "device_id")).toEqual([]);
  });

  it("gives the same list again while nothing of it changes", () => {
    const fleet = new Fleet();
    for (const device of fc.sample(arbitraryDevice, { numRuns: 5, seed: 2 }))
      fleet.do({ what: "put", device });
    expect(fleet.index.select({}, "status")).toBe(fleet.index.select({}, "status"));
  });

  it("tells when a device changed though no event did it, each time later", () => {
    const fleet = new Fleet();
    const [device] = fc.sample(arbitraryDevice, { numRuns: 1, seed: 3 });
    if (device === undefined) throw new Error("no sample");
    fleet.do({ what: "put", device: { ...device, current_version: "0.1.1", upgrade: null } });
    const moments: (number | undefined)[] = [];
    const note = () => moments.push(fleet.index.get(device.device_id)?.changedAtMs);
    const beat = { what: "heartbeat", id: device.device_id, instance: "i-1", intervalMs: 10_000 } as const;
    note();
    fleet.do(beat);
    note();
    fleet.do(beat);
    note();
    fleet.do({ what: "time", byMs: 30_001 });
    fleet.index.bringUp();
    note();
    const [start = 0, heard = 0, again = 0, offline = 0] = moments;
    expect(heard).toBeGreaterThan(start);
    expect(again).toBe(heard);
    expect(offline).toBeGreaterThan(again);
  });
});

describe("the heap", () => {
  it("gives what is due in its order", () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), (moments) => {
        const heap = new DueHeap<number>();
        for (const moment of moments) heap.add(moment, moment);
        const taken: number[] = [];
        for (let due = heap.takeBefore(0); due !== undefined; due = heap.takeBefore(0)) taken.push(due.what);
        expect(taken).toEqual(moments.filter((moment) => moment < 0).toSorted((a, b) => a - b));
      }),
    );
  });
});
