// Copies of a real ledger, each tampered with in one way: the auditor finds it, and says what (G12).
import { DeviceId, HEADERS } from "@upgrade-ledger/contract";
import { type RawEntry, signerOf } from "@upgrade-ledger/ledger";
import { newDeviceKey } from "@upgrade-ledger/nats";
import { headers } from "@nats-io/transport-node";
import { startLedgerServer, type LedgerServer } from "@upgrade-ledger/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { audit, type AuditOptions, type LedgerReport, newSignerKey, parseSignerKey } from "../src/index.ts";
import { Rebuilt } from "./rebuilt.ts";
import { checkpointOf, type Recorded, recordLedger } from "./recorded.ts";

let server: LedgerServer;
let original: Recorded;

beforeAll(async () => {
  server = await startLedgerServer({ syncInterval: "2m" });
  original = await recordLedger(server);
});
afterAll(() => server.stop());

const decoder = new TextDecoder();

/** The messages as a fresh stream would number them. */
function renumbered(entries: readonly RawEntry[]): RawEntry[] {
  return entries.map((entry, index) => ({ ...entry, seq: index + 1 }));
}

function at(index: number): RawEntry {
  const entry = original.entries.at(index);
  if (entry === undefined) throw new Error(`no entry ${index}`);
  return entry;
}

/** Index of the nth event on a subject. */
function indexOn(subject: string, nth: number): number {
  const found = original.entries.flatMap((entry, index) => (entry.subject === subject ? [index] : []));
  const index = found.at(nth);
  if (index === undefined) throw new Error(`no event ${nth} on ${subject}`);
  return index;
}

const DEVICE = "device-state.pi-1.upgrade";

/** The ledger with an unsigned event at its end. */
function appended(entry: RawEntry): RawEntry[] {
  return renumbered([...original.entries, { ...entry, headers: undefined }]);
}

function changed(entry: RawEntry, from: string, to: string): RawEntry {
  const text = decoder.decode(entry.data);
  if (!text.includes(from)) throw new Error(`${text} lacks ${from}`);
  return { ...entry, data: Buffer.from(text.replace(from, to)) };
}

function replaced(index: number, entry: RawEntry): RawEntry[] {
  return original.entries.map((each, place) => (place === index ? entry : each));
}

/** With checkpoints: they cover all but the last three. */
async function auditOf(
  entries: readonly RawEntry[],
  options: Partial<AuditOptions> = {},
): Promise<LedgerReport> {
  const { checkpoints, checkpointKey } = original;
  return audit(entries, { checkpoints, checkpointKeys: [checkpointKey], ...options });
}

/** With chains and signatures alone. */
async function auditWithout(entries: readonly RawEntry[]): Promise<LedgerReport> {
  return audit(entries, { writerKeys: [original.operatorKey] });
}

const codes = ({ findings }: LedgerReport) => [...new Set(findings.map(({ code }) => code))].toSorted();

async function lastSeen() {
  const { root, last_seq, events } = await auditOf(original.entries);
  const checkpoint = original.checkpoints.at(-1)?.text ?? null;
  return { size: events, root, last_seq, checkpoint, checkpoint_keys: [original.checkpointKey] };
}

describe("the original", () => {
  it("is as it was written", async () => {
    const report = await auditOf(original.entries, { lastSeen: await lastSeen() });
    expect(report.findings).toEqual([]);
    expect(report).toMatchObject({
      ok: true,
      events: original.entries.length,
      last_seq: original.entries.length,
      chains: 8,
      repeats: 0,
      unchained: 0,
      signatures: { checked: 8, unsigned_chains: 0, unchecked: 0 },
      checkpoints: {
        stored: 2,
        confirmed: 2,
        covered_seq: original.entries.length - 3,
        signatures_checked: true,
      },
    });
  });

  it("is so for one device, and without keys, which then is said", async () => {
    const entry = at(0);
    const deviceId = DeviceId.parse("pi-1");
    expect(entry.subject).toContain("pi-1");
    expect(await auditOf(original.entries, { deviceId })).toMatchObject({
      ok: true,
      device_id: "pi-1",
      chains: 4,
    });
    const blind = await audit(original.entries, { checkpoints: original.checkpoints });
    expect(blind).toMatchObject({
      ok: true,
      signatures: { checked: 4, unchecked: 4 },
      checkpoints: { confirmed: 2, signatures_checked: false },
    });
  });

  it("may hold an event twice, byte for byte", async () => {
    const again = renumbered([...original.entries, at(indexOn(DEVICE, 1))]);
    expect(await auditOf(again)).toMatchObject({ ok: true, repeats: 1 });
  });
});

describe("a byte changed", () => {
  it("in the middle: the next event of the chain does not fit, nor does the checkpoint", async () => {
    const index = indexOn(DEVICE, 1);
    const entries = replaced(index, changed(at(index), '"in_flight":0', '"in_flight":1'));
    const report = await auditOf(entries);
    expect(codes(report)).toEqual(["chain_link", "checkpoint_mismatch", "signature_wrong"]);
    expect(report.findings.find(({ code }) => code === "chain_link")).toMatchObject({
      seq: indexOn(DEVICE, 2) + 1,
      device_id: "pi-1",
    });
    expect(codes(await auditWithout(entries))).toEqual(["chain_link", "signature_wrong"]);
  });

  it("in the last event of all, which nothing but its signature covers", async () => {
    const index = original.entries.length - 1;
    const entries = replaced(index, changed(at(index), '"in_flight":0', '"in_flight":7'));
    const report = await auditOf(entries);
    expect(report.findings).toMatchObject([{ code: "signature_wrong", seq: index + 1, device_id: "pi-2" }]);
  });

  it("so that it is no JSON any more", async () => {
    const index = indexOn(DEVICE, 2);
    const entries = replaced(index, changed(at(index), "{", "["));
    expect(codes(await auditWithout(entries))).toEqual(["chain_gap"]);
    expect(codes(await auditOf(entries))).toEqual(["chain_gap", "checkpoint_mismatch"]);
  });

  it("in its signature, or the signature taken away", async () => {
    const index = indexOn(DEVICE, -1);
    const other = headers();
    other.set(HEADERS.signature, at(indexOn(DEVICE, 0)).headers?.get(HEADERS.signature) ?? "");
    expect(codes(await auditOf(replaced(index, { ...at(index), headers: other })))).toEqual([
      "signature_wrong",
    ]);
    expect(codes(await auditOf(replaced(index, { ...at(index), headers: undefined })))).toEqual([
      "signature_missing",
    ]);
  });
});

describe("an event dropped", () => {
  it("from the middle, with a hole in the sequences", async () => {
    const index = indexOn(DEVICE, 1);
    const report = await auditOf(original.entries.filter((_, place) => place !== index));
    expect(codes(report)).toEqual(["chain_gap", "checkpoint_mismatch", "sequence_gap"]);
    expect(report.findings.find(({ code }) => code === "sequence_gap")).toMatchObject({
      seq: index + 2,
      detail: `the ledger has nothing at sequence ${index + 1}`,
    });
  });

  it("from the middle, the hole closed", async () => {
    const index = indexOn(DEVICE, 1);
    const report = await auditWithout(renumbered(original.entries.filter((_, place) => place !== index)));
    expect(report.findings).toMatchObject([
      {
        code: "chain_gap",
        seq: indexOn(DEVICE, 2),
        detail: expect.stringContaining("number 2 is missing before number 3"),
      },
    ]);
  });

  it("from the end of a chain that another instance goes on from", async () => {
    const index = indexOn(DEVICE, 3);
    const report = await auditWithout(renumbered(original.entries.filter((_, place) => place !== index)));
    expect(report.findings).toMatchObject([
      { code: "predecessor_unknown", device_id: "pi-1", seq: indexOn(DEVICE, 4) },
    ]);
  });

  it("from the end, as far as a checkpoint covers it, or the last audit saw it", async () => {
    expect(codes(await auditOf(original.entries.slice(0, -4)))).toEqual(["ledger_shorter"]);
    const short = original.entries.slice(0, -1);
    expect(codes(await auditOf(short))).toEqual([]);
    const report = await auditOf(short, { lastSeen: await lastSeen() });
    expect(report.findings).toMatchObject([{ code: "ledger_shorter", seq: short.length }]);
  });
});

describe("events moved and added", () => {
  it("two swapped", async () => {
    const [first, second] = [indexOn(DEVICE, 1), indexOn(DEVICE, 2)];
    const swapped = original.entries.map((entry, index) =>
      index === first ? at(second) : index === second ? at(first) : entry,
    );
    expect(codes(await auditWithout(renumbered(swapped)))).toEqual(["chain_gap", "chain_order"]);
    expect(codes(await auditOf(renumbered(swapped)))).toEqual([
      "chain_gap",
      "chain_order",
      "checkpoint_mismatch",
    ]);
  });

  it("two of different chains swapped: only a checkpoint shows it", async () => {
    const swapped = renumbered([at(1), at(0), ...original.entries.slice(2)]);
    expect(codes(await auditOf(swapped))).toContain("checkpoint_mismatch");
  });

  it("one inserted with a number that is taken, unsigned or signed by a stranger", async () => {
    const index = indexOn(DEVICE, 2);
    const forged = changed(at(index), '"in_flight":0', '"in_flight":9');
    const stranger = headers();
    stranger.set(HEADERS.signature, signerOf(newDeviceKey().seed).sign(forged.data));
    const insert = (entry: RawEntry) =>
      renumbered([...original.entries.slice(0, index + 1), entry, ...original.entries.slice(index + 1)]);
    expect(codes(await auditWithout(insert({ ...forged, headers: undefined })))).toEqual([
      "chain_fork",
      "signature_missing",
    ]);
    expect(codes(await auditWithout(insert({ ...forged, headers: stranger })))).toEqual([
      "chain_fork",
      "signature_wrong",
    ]);
    expect(codes(await auditOf(insert({ ...forged, headers: stranger })))).toContain("checkpoint_mismatch");
  });

  it("one appended in the name of a new instance, or of an agent that knows only the ADR", async () => {
    const forged = changed(at(indexOn(DEVICE, 0)), '"instance_id":"', '"instance_id":"x');
    expect(codes(await auditOf(appended(forged)))).toEqual(["signature_missing"]);
    const foreign = { ...at(indexOn(DEVICE, 0)), data: Buffer.from('{"phase":"done"}') };
    expect(codes(await auditOf(appended(foreign)))).toEqual(["signature_missing"]);
  });

  it("a number that no chain reaches", async () => {
    const absurd = changed(at(indexOn(DEVICE, -1)), '"sequence":4', '"sequence":900000000000');
    const report = await auditWithout(renumbered([...original.entries, absurd]));
    expect(codes(report)).toEqual(["chain_gap", "signature_wrong"]);
  });
});

describe("the whole history", () => {
  it("rebuilt by someone without the keys, consistent in itself", async () => {
    const rebuilt = new Rebuilt(original.entries);
    const stranger = parseSignerKey(newSignerKey("ledger.test"));
    const notes = [checkpointOf(rebuilt.entries, rebuilt.entries.length, stranger, [rebuilt.operatorKey])];
    const checkpoints = notes.map((text, index) => ({ seq: index + 1, text }));
    // With its own keys it is flawless: that is what the keys that an auditor holds are for.
    expect(
      await audit(rebuilt.entries, { checkpoints, checkpointKeys: [stranger.verifier.text] }),
    ).toMatchObject({ ok: true });
    expect(
      codes(await audit(rebuilt.entries, { checkpoints, checkpointKeys: [original.checkpointKey] })),
    ).toEqual(["checkpoint_invalid"]);
    expect(codes(await auditWithout(rebuilt.entries))).toEqual(["signature_wrong"]);
    expect(codes(await audit(rebuilt.entries, { checkpoints, lastSeen: await lastSeen() }))).toEqual([
      "checkpoint_invalid",
      "checkpoint_lost",
      "ledger_rewritten",
      "signature_wrong",
    ]);
  });

  it("emptied", async () => {
    expect(codes(await auditOf([]))).toEqual(["ledger_empty"]);
    const report = await audit([], { lastSeen: await lastSeen() });
    expect(codes(report)).toEqual(["checkpoint_lost", "ledger_empty"]);
    expect(await audit([])).toMatchObject({ ok: true, events: 0 });
  });
});

describe("the checkpoints", () => {
  it("altered, of an older ledger, out of order, removed", async () => {
    const [first, second] = original.checkpoints;
    if (first === undefined || second === undefined) throw new Error("two checkpoints");
    const altered = { ...second, text: second.text.replace("last-sequence", "last-sequencE") };
    expect(codes(await auditOf(original.entries, { checkpoints: [first, altered] }))).toEqual([
      "checkpoint_invalid",
    ]);
    const resigned = {
      ...second,
      text: second.text.replace(/signed-at .*/, "signed-at 2030-01-01T00:00:00.000Z"),
    };
    expect(codes(await auditOf(original.entries, { checkpoints: [first, resigned] }))).toEqual([
      "checkpoint_invalid",
    ]);
    const swapped = [
      { seq: 1, text: second.text },
      { seq: 2, text: first.text },
    ];
    expect(codes(await auditOf(original.entries, { checkpoints: swapped }))).toEqual(["checkpoint_order"]);
    expect(codes(await auditOf(original.entries, { checkpoints: [second] }))).toEqual(["checkpoint_lost"]);
    const seen = await lastSeen();
    expect(codes(await auditOf(original.entries, { checkpoints: [first], lastSeen: seen }))).toEqual([
      "checkpoint_lost",
    ]);
  });
});
