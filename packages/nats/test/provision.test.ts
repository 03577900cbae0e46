import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { provision } from "@upgrade-ledger/nats";
import { startLedgerServer } from "@upgrade-ledger/testkit";
import type { LedgerServer } from "@upgrade-ledger/testkit";

describe("provisioning", () => {
  let server: LedgerServer;
  beforeAll(async () => {
    server = await startLedgerServer();
  });
  afterAll(async () => {
    await server.stop();
  });

  it("changes nothing the second time", async () => {
    const report = await provision(await server.connect("provisioning"));
    expect(report).toMatchObject({ created: [], drifted: [], updated: [], refused: [] });
    expect(report.unchanged).toHaveLength(10);
  });
});
