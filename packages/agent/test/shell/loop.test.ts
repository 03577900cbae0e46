// The event loop: effects in order, nothing before what must be on the disk is there (spec §4).
import { EventEmitter, once } from "node:events";
import { DeviceId, InstanceId, Version } from "@upgrade-ledger/contract";
import { waitFor } from "@upgrade-ledger/testkit";
import { expect, it } from "vitest";
import { initialState } from "../../src/core/index.ts";
import { Loop } from "../../src/shell/loop.ts";
import { newEvent, SETTINGS, upgradeOf } from "../core/ids.ts";

function setUp(write: () => Promise<void>) {
  const taken: string[] = [];
  const self = {
    deviceId: DeviceId.parse("dev-1"),
    instanceId: InstanceId.parse("one"),
    version: Version.parse("1.0.0"),
  };
  const loop = new Loop({
    initial: initialState(SETTINGS, self),
    now: () => ({ wallMs: 0, monoMs: 0 }),
    write: async (effect) => {
      await write();
      taken.push(effect.do);
    },
    start: (effect) => taken.push(effect.do),
    onState: () => taken.push("state"),
    log: { warn: () => taken.push("warn") },
    retryMs: 1,
  });
  return { loop, taken };
}

const desired = () => {
  const eventId = newEvent();
  const version = Version.parse("2.0.0");
  return {
    kind: "desired",
    desired: { seq: 1, eventId, upgradeId: upgradeOf(eventId), version, artifact: null },
  } as const;
};

it("does nothing that follows a write before the write has succeeded", async () => {
  let full = 3;
  const { loop, taken } = setUp(() => (--full > 0 ? Promise.reject(new Error("ENOSPC")) : Promise.resolve()));
  loop.give(desired());
  loop.give({ kind: "link", up: true });
  await waitFor(() => loop.state.linkUp, { describe: "both inputs to be taken" });
  expect(taken).toEqual(["warn", "warn", "persist", "drain", "state", "state"]);
});

it("takes no further input and starts no further effect once it is stopped", async () => {
  const gate = new EventEmitter();
  const held = once(gate, "open");
  const { loop, taken } = setUp(async () => {
    await held;
  });
  loop.give(desired());
  loop.stop();
  loop.give({ kind: "link", up: true });
  gate.emit("open");
  await waitFor(() => taken.includes("state"), { describe: "the write to end" });
  expect(taken).toEqual(["persist", "state"]);
  expect(loop.state.linkUp).toBe(false);
});
