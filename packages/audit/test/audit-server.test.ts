// The whole audit over a connection: a real ledger, real checkpoints, real projections, and what happens to them.
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { headers, type MsgHdrs, type NatsConnection } from "@nats-io/transport-node";
import { BUCKETS } from "@upgrade-ledger/contract";
import { type Operator, startOperator } from "@upgrade-ledger/operator";
import { startLedgerServer, waitFor, type LedgerServer } from "@upgrade-ledger/testkit";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { auditServer, type LastSeen, type ServerReport } from "../src/index.ts";
import { type Recorded, recordLedger } from "./recorded.ts";

let server: LedgerServer;
let recorded: Recorded;
let operatorLink: NatsConnection;
let nc: NatsConnection;
let projector: Operator;

beforeAll(async () => {
  server = await startLedgerServer({ syncInterval: "2m" });
  recorded = await recordLedger(server);
  operatorLink = await server.connect("operator");
  nc = await server.connect("api");
  const log = pino({ level: "silent" });
  projector = await startOperator({ nc: operatorLink, log, roles: ["projector"] });
  await waitFor(
    async () => (await run()).projections?.every(({ built, lagging }) => built && lagging === 0),
    {
      describe: "the projector to have caught up",
    },
  );
});
afterAll(async () => {
  await server.stop();
});

async function run(lastSeen?: LastSeen): Promise<ServerReport> {
  return (await auditServer({ nc, checkpointKeys: [recorded.checkpointKey], lastSeen })).report;
}

/** Stores other bytes under a key, with the headers that stand there: what someone with the operator's password can do. */
async function overwrite(
  bucket: string,
  key: string,
  change: (text: string) => string,
  as = key,
): Promise<() => Promise<void>> {
  const subject = `$KV.${bucket}.${key}`;
  const manager = await jetstreamManager(operatorLink);
  const stored = await manager.direct.getMessage(`KV_${bucket}`, { last_by_subj: subject });
  if (stored === null) throw new Error(`no ${subject}`);
  for (const name of stored.header.keys()) if (name.startsWith("Nats-")) stored.header.delete(name);
  const put = async (target: string, text: string) => {
    await jetstream(operatorLink).publish(`$KV.${bucket}.${target}`, text, { headers: stored.header });
  };
  await put(as, change(stored.string()));
  return () => put(key, stored.string());
}

/** How every KV client marks a key as deleted. */
function deletion(): MsgHdrs {
  const all = headers();
  all.set("KV-Operation", "DEL");
  return all;
}

describe("an audit of a server", () => {
  it("finds nothing where nothing is wrong", async () => {
    const seen: number[] = [];
    const { report, seen: kept } = await auditServer({
      nc,
      checkpointKeys: [recorded.checkpointKey],
      onProgress: (seq) => void seen.push(seq),
    });
    expect(report.findings).toEqual([]);
    expect(report.projections).toMatchObject([
      { name: "device", built: true, documents: 2, lagging: 0 },
      { name: "history", built: true, lagging: 0 },
      { name: "catalogue", built: true, documents: 0, lagging: 0 },
      { name: "quarantine", built: true, documents: 0, lagging: 0 },
    ]);
    expect(kept).toMatchObject({
      size: recorded.entries.length,
      checkpoint: recorded.checkpoints.at(-1)?.text,
    });
    expect(await run(kept)).toMatchObject({ ok: true });
  });

  it("finds a stored document that the ledger does not give, one that it gives otherwise, and one that is gone", async () => {
    const bucket = BUCKETS.devices;
    const restore = await overwrite(bucket, "pi-1", (text) => text.replace('"pi-1"', '"pi-9"'));
    expect((await run()).findings).toMatchObject([{ code: "projection_differs", device_id: "pi-1" }]);
    await restore();
    await overwrite(bucket, "pi-1", (text) => text, "pi-3");
    expect((await run()).findings).toMatchObject([{ code: "projection_extra", device_id: "pi-3" }]);
    await jetstream(operatorLink).publish(`$KV.${bucket}.pi-2`, "", { headers: deletion() });
    expect((await run()).finding_counts).toEqual({ projection_extra: 1, projection_missing: 1 });
  });

  it("can leave the projections out, and reports a ledger shorter than it was", async () => {
    const { report, seen } = await auditServer({
      nc,
      checkpointKeys: [recorded.checkpointKey],
      projections: false,
    });
    expect(report).toMatchObject({ ok: true, projections: null });
    const longer = { ...seen, size: seen.size + 1, last_seq: seen.last_seq + 1 };
    expect((await run(longer)).finding_counts).toMatchObject({ ledger_shorter: 1 });
  });

  it("reports an empty server as an alarm to whoever saw a ledger before", async () => {
    const { seen } = await auditServer({ nc, checkpointKeys: [recorded.checkpointKey], projections: false });
    const empty = await startLedgerServer({ syncInterval: "2m" });
    const { report } = await auditServer({ nc: await empty.connect("api"), lastSeen: seen });
    expect(report.finding_counts).toEqual({ checkpoint_lost: 1, ledger_empty: 1 });
    await empty.stop();
    expect(projector.health().failure).toBeNull();
    await projector.stop();
  });
});
