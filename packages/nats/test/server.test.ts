import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { startLedgerServer, waitFor } from "@upgrade-ledger/testkit";
import type { LedgerServer } from "@upgrade-ledger/testkit";

describe("the embedded server", () => {
  let server: LedgerServer;
  beforeAll(async () => {
    server = await startLedgerServer();
  });
  afterAll(async () => {
    await server.stop();
  });

  it("takes a device's event and hands its command to it, and registering another cuts nobody off", async () => {
    const device = await server.connectDevice("pi-1");
    const api = await server.connect("api");
    const commands: string[] = [];
    device.subscribe("device-cmd.pi-1.>", {
      callback: (_error, message) =>
        commands.push(`${message.subject} ${message.headers?.get("Nats-Sequence")}`),
    });
    await device.flush();
    const statuses: string[] = [];
    void (async () => {
      for await (const status of device.status()) statuses.push(status.type);
    })();

    await server.connectDevice("pi-2");
    const appended = await jetstream(device).publish("device-state.pi-1.upgrade", "{}");
    const asked = await jetstream(api).publish("operator-cmd.pi-1.desired-version", "{}");
    await waitFor(() => commands.length === 1, { describe: "the live command" });

    expect(asked.seq).toBe(appended.seq + 1);
    expect(commands).toEqual([`device-cmd.pi-1.desired-version ${asked.seq}`]);
    const manager = await jetstreamManager(device, { checkAPI: false });
    const stored = await manager.direct.getMessage("UPGRADE_LEDGER", {
      last_by_subj: "operator-cmd.pi-1.desired-version",
    });
    expect(stored?.seq).toBe(asked.seq);
    expect(statuses).toEqual([]);
  });
});
