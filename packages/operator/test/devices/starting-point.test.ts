// Device states begin with what the projector stored, but only if it is whole.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Kvm } from "@nats-io/kv";
import { BUCKETS } from "@upgrade-ledger/contract";
import { deviceProjection } from "@upgrade-ledger/projections";
import { waitFor } from "@upgrade-ledger/testkit";
import { pino } from "pino";
import { startingPoint } from "../../src/devices/starting-point.ts";
import { Stage } from "../operator/stage.ts";

const log = pino({ level: "silent" });
let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open();
});
afterAll(() => stage.close());

async function read() {
  const nc = await stage.server.connect("operator");
  return startingPoint(nc, deviceProjection, await stage.ledger.head(), log);
}

describe("the starting point", () => {
  it("is the beginning of the ledger while nothing is stored", async () => {
    expect(await read()).toMatchObject({ seq: 0, states: new Map() });
  });

  it("is what the projector stored, and where it stood", async () => {
    const device = await stage.device();
    const upgradeId = await stage.ask(device, "0.1.2");
    const operator = await stage.startOperator({ roles: ["projector"] });
    expect(operator.health()).toMatchObject({
      connected: true,
      foldedSeq: null,
      failure: null,
      projector: { lag: 0, appliedSeq: 1 },
    });
    await stage.stopOperators();
    const start = await read();
    expect(start.seq).toBe(1);
    expect(start.states.get(device.deviceId)?.upgrade?.upgrade_id).toBe(upgradeId);
  });

  it("is the beginning of the ledger when a document was changed behind the projector's back", async () => {
    const nc = await stage.server.connect("operator");
    const bucket = await new Kvm(nc).open(BUCKETS.devices);
    await bucket.delete("pi-1");
    expect(await read()).toMatchObject({ seq: 0 });
    // An operator that starts now rebuilds, and is right again.
    const operator = await stage.startOperator();
    await waitFor(() => operator.withheldReasons().length === 1, {
      describe: "the open upgrade to be known",
    });
    await stage.stopOperators();
    expect(await read()).toMatchObject({ seq: 1 });
  });
});
