// Events survive kill -9, and arrive once each and in order (spec §4, Outbox; G4).
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  HEADERS,
  subjects,
  DeviceId,
  InstanceId,
  type LedgerEvent,
  UpgradeId,
  Version,
  EventId,
} from "@upgrade-ledger/contract";
import {
  Chain,
  chainHash,
  type EncodedEvent,
  ledgerOf,
  newEventId,
  newInstanceId,
  signerOf,
  verifySignature,
} from "@upgrade-ledger/ledger";
import { type LedgerServer, startLedgerServer, waitFor } from "@upgrade-ledger/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Deliverer } from "../../src/outbox/deliver.ts";
import { Outbox } from "../../src/outbox/outbox.ts";
import { runScript } from "../run-script.ts";
import { tempFolder } from "../temp-folder.ts";

let server: LedgerServer;
beforeAll(async () => {
  server = await startLedgerServer();
});
afterAll(() => server.stop());

const quiet = { warn: () => undefined };

async function openOutbox(stateDir: string, deviceId: string): Promise<Outbox> {
  return Outbox.open({
    stateDir,
    deviceId: DeviceId.parse(deviceId),
    instanceId: newInstanceId(),
    version: Version.parse("0.1.1"),
  });
}

async function deliverAll(outbox: Outbox, deviceId: string, alone: string[] = []): Promise<string[]> {
  const nc = await server.connectDevice(deviceId);
  const { seed } = await server.registerDevice(deviceId);
  const acknowledged: string[] = [];
  const deliverer = new Deliverer({
    outbox,
    sign: signerOf(seed).sign,
    subject: subjects.deviceState(deviceId),
    append: (event) => {
      alone.push(event.eventId);
      return ledgerOf(nc).appendEncoded(event);
    },
    appendBatch: async (events) => (await ledgerOf(nc).appendBatch(events)).kind === "stored",
    onAcknowledged: (eventId) => acknowledged.push(eventId),
    log: quiet,
    retryMs: 20,
  });
  deliverer.setEnabled(true);
  await waitFor(async () => (await deliverer.isEmpty()) && (await outbox.others()).length === 0, {
    describe: "the outbox to be empty",
    timeoutMs: 60_000,
    intervalMs: 50,
  });
  deliverer.close();
  return acknowledged;
}

async function stored(deviceId: string): Promise<{ event: LedgerEvent; data: Uint8Array }[]> {
  const ledger = ledgerOf(await server.connect("api"));
  const found: { event: LedgerEvent; data: Uint8Array }[] = [];
  for await (const { data } of ledger.readRaw({ deviceId: DeviceId.parse(deviceId) })) {
    found.push({ event: JSON.parse(Buffer.from(data).toString()) as LedgerEvent, data });
  }
  return found;
}

function expectChain(events: { event: LedgerEvent; data: Uint8Array }[]): void {
  events.forEach(({ event }, index) => {
    const before = events[index - 1];
    expect(event.writer.prev_hash).toBe(before === undefined ? null : chainHash(before.data));
  });
}

const WRITER = `
import { DeviceId, InstanceId, Version } from "@upgrade-ledger/contract";
import { Outbox } from "../src/outbox/outbox.ts";
const [stateDir = "", deviceId, instanceId] = process.argv.slice(2);
async function main() {
  const outbox = await Outbox.open({ stateDir, deviceId: DeviceId.parse(deviceId), instanceId: InstanceId.parse(instanceId), version: Version.parse("0.1.1") });
  for (let n = 0; ; n += 1) {
    await outbox.append({ type: "started", boot_reason: "restart", previous_version: null, caused_by: [] });
    console.log(n + 1);
  }
}
void main();`;

it("each event goes out with the device's signature over its bytes", async () => {
  const outbox = await openOutbox(await tempFolder(), "out-signed");
  await outbox.append({ type: "started", boot_reason: "install", previous_version: null, caused_by: [] });
  await deliverAll(outbox, "out-signed");
  const { publicKey } = await server.registerDevice("out-signed");
  const raw = await ledgerOf(await server.connect("api")).lastRawOn(subjects.deviceState("out-signed"));
  const signature = raw?.headers?.get(HEADERS.signature) ?? "";
  expect(verifySignature(publicKey, raw?.data ?? new Uint8Array(), signature)).toBe(true);
});

it("a killed agent's events are delivered by the next one, before its own, once each and in order", async () => {
  const stateDir = await tempFolder();
  const dead = newInstanceId();
  const writer = await runScript(WRITER, [stateDir, "out-1", dead]);
  for (let line = 0; line < 20; line += 1) await writer.line();
  await writer.kill();
  const outbox = await openOutbox(stateDir, "out-1");
  await outbox.append({ type: "started", boot_reason: "restart", previous_version: null, caused_by: [] });
  await deliverAll(outbox, "out-1");
  const events = await stored("out-1");
  expect(events.length).toBeGreaterThan(20);
  expect(new Set(events.map(({ event }) => event.event_id)).size).toBe(events.length);
  expect(events.slice(0, -1).every(({ event }) => event.writer.instance_id === dead)).toBe(true);
  expectChain(events);
});

it("a living agent's spool is left to it", async () => {
  const stateDir = await tempFolder();
  const writer = await runScript(WRITER, [stateDir, "out-2", newInstanceId()]);
  await writer.line();
  const nc = await server.connectDevice("out-2");
  const outbox = await openOutbox(stateDir, "out-2");
  await outbox.append({ type: "started", boot_reason: "cutover", previous_version: null, caused_by: [] });
  const deliverer = new Deliverer({
    outbox,
    subject: subjects.deviceState("out-2"),
    append: (event) => ledgerOf(nc).appendEncoded(event),
    appendBatch: () => Promise.resolve(false),
    onAcknowledged: () => undefined,
    log: quiet,
  });
  deliverer.setEnabled(true);
  await waitFor(() => deliverer.isEmpty(), { describe: "the own event to be delivered" });
  deliverer.close();
  expect((await stored("out-2")).map(({ event }) => event.writer.sequence)).toEqual([1]);
});

it("keeps the order through a broker that does not answer, refuses, and answers late", async () => {
  const outbox = await openOutbox(await tempFolder(), "out-3");
  const taken: string[] = [];
  const answers = [
    () => Promise.reject(new Error("no answer")),
    () => Promise.resolve({ kind: "refused", code: "full", detail: "" } as const),
    () => Promise.resolve({ kind: "stored", seq: 1 } as const),
    () => Promise.reject(new Error("no answer")),
    () => Promise.resolve({ kind: "already-stored", seq: 2, verified: true } as const),
    () => Promise.resolve({ kind: "refused", code: "too_large", detail: "" } as const),
    () => Promise.resolve({ kind: "stored", seq: 3 } as const),
  ];
  const acknowledged: string[] = [];
  const deliverer = new Deliverer({
    outbox,
    subject: subjects.deviceState("out-3"),
    append: ({ eventId }) => {
      taken.push(eventId);
      return answers.shift()?.() ?? Promise.reject(new Error("nothing left"));
    },
    appendBatch: () => Promise.reject(new Error("four events are no backlog")),
    onAcknowledged: (eventId) => acknowledged.push(eventId),
    log: quiet,
    retryMs: 5,
  });
  for (let n = 0; n < 4; n += 1) {
    await outbox.append({ type: "started", boot_reason: "restart", previous_version: null, caused_by: [] });
  }
  deliverer.setEnabled(true);
  await waitFor(() => deliverer.isEmpty(), { describe: "the outbox to be empty" });
  deliverer.close();
  const ids = [...new Set(taken)];
  expect(ids).toHaveLength(4);
  expect(taken).toEqual([ids[0], ids[0], ids[0], ids[1], ids[1], ids[2], ids[3]]);
  expect(acknowledged).toEqual([ids[0], ids[1], ids[3]]);
});

it("writes an event that is to be written once only once: waiting, delivered, and by the next instance", async () => {
  const stateDir = await tempFolder();
  const once = EventId.parse(newEventId().replace(/^(.{14})./, "$18"));
  const draft = {
    type: "superseded",
    upgrade_id: UpgradeId.parse(newEventId()),
    by_event_id: newEventId(),
    reverted: false,
    caused_by: [],
  } as const;
  const first = await openOutbox(stateDir, "out-4");
  await first.append(draft, once);
  await first.append(draft, once);
  const second = await openOutbox(stateDir, "out-4");
  await second.append(draft, once);
  expect(await second.own.pending()).toEqual([]);
  await deliverAll(first, "out-4");
  await first.append(draft, once);
  expect((await stored("out-4")).map(({ event }) => event.event_id)).toEqual([once]);
});

it("says how far another instance's chain had come, also after its events are gone", async () => {
  const stateDir = await tempFolder();
  const outbox = await openOutbox(stateDir, "out-5");
  await outbox.append({ type: "started", boot_reason: "restart", previous_version: null, caused_by: [] });
  const id = InstanceId.parse(outbox.own.folder.split("/").at(-1));
  const tail = await outbox.tailOf(id);
  await deliverAll(outbox, "out-5");
  const [only] = await stored("out-5");
  expect(tail).toEqual({ sequence: 1, hash: chainHash(only?.data ?? new Uint8Array()) });
  expect(await outbox.tailOf(id)).toEqual(tail);
  expect(await outbox.tailOf("unknown")).toEqual({ sequence: 0, hash: null });
});

/** What a device wrote while it was offline, in an instant: the spool's files as the outbox writes them. */
async function writeBacklog(outbox: Outbox, deviceId: string, count: number): Promise<EncodedEvent[]> {
  const instanceId = InstanceId.parse(outbox.own.folder.split("/").at(-1));
  const writer = { role: "agent", instanceId, version: Version.parse("0.1.1") } as const;
  const chain = new Chain(writer, DeviceId.parse(deviceId), { sequence: 0, prevHash: null });
  const events: EncodedEvent[] = [];
  for (let n = 0; n < count; n += 1) {
    const draft = { type: "started", boot_reason: "restart", previous_version: null, caused_by: [] } as const;
    const eventId = newEventId();
    const sealed = chain.next(draft, { eventId, occurredAt: new Date().toISOString() });
    chain.commit(sealed);
    const name = `${String(sealed.sequence).padStart(10, "0")}.json`;
    await writeFile(join(outbox.own.folder, name), sealed.data);
    events.push({ eventId, subject: subjects.deviceState(deviceId), data: sealed.data });
  }
  return events;
}

it("10,000 events written offline arrive once each and in order, in batches", async () => {
  const outbox = await openOutbox(await tempFolder(), "out-6");
  const written = await writeBacklog(outbox, "out-6", 10_000);
  // An earlier try stored the first two batches, and its second acknowledgement was lost.
  const earlier = ledgerOf(await server.connectDevice("out-6"));
  expect(await earlier.appendBatch(written.slice(0, 1_000))).toEqual({ kind: "stored" });
  expect(await earlier.appendBatch(written.slice(1_000, 1_200))).toEqual({ kind: "stored" });
  expect(await earlier.appendBatch(written.slice(1_000, 1_200))).toMatchObject({ kind: "refused" });
  await outbox.own.removeAll(written.slice(0, 1_000).map((_, index) => index + 1));
  const alone: string[] = [];
  const acknowledged = await deliverAll(outbox, "out-6", alone);
  const ids = written.map(({ eventId }) => eventId);
  expect(acknowledged).toEqual(ids.slice(1_000));
  expect(alone).toEqual(ids.slice(1_000, 2_000));
  const last = await ledgerOf(await server.connect("api")).lastRawOn(subjects.deviceState("out-6"));
  const { publicKey } = await server.registerDevice("out-6");
  const signature = last?.headers?.get(HEADERS.signature) ?? "";
  expect(verifySignature(publicKey, last?.data ?? new Uint8Array(), signature)).toBe(true);
  const events = await stored("out-6");
  expect(events.map(({ event }) => event.event_id)).toEqual(ids);
  expectChain(events);
}, 120_000);
