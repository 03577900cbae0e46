// Commands are stored first, then delivered (spec §3.1): a device hears only of what the ledger holds.
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import type { JetStreamClient } from "@nats-io/jetstream";
import { headers } from "@nats-io/transport-node";
import type { NatsConnection } from "@nats-io/transport-node";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";

import { startLedgerServer, waitFor } from "@upgrade-ledger/testkit";
import type { LedgerServer } from "@upgrade-ledger/testkit";

const STOP = "operator-cmd.d1.upgrade-stop";
const DESIRED = "operator-cmd.d1.desired-version";

function batched(id: string, sequence: number, commit: boolean) {
  const fields = headers();
  fields.set("Nats-Batch-Id", id);
  fields.set("Nats-Batch-Sequence", String(sequence));
  if (commit) fields.set("Nats-Batch-Commit", "1");
  return { headers: fields, timeout: 5_000 };
}

describe("a device on device-cmd.<id>.>", () => {
  let server: LedgerServer;
  let device: NatsConnection;
  let operator: NatsConnection;
  let stops: JetStreamClient;
  let requests: JetStreamClient;
  const heard: { subject: string; body: string; seq: number }[] = [];

  beforeAll(async () => {
    server = await startLedgerServer({ syncInterval: "2m" });
    device = await server.connectDevice("d1");
    operator = await server.connect("operator");
    stops = jetstream(operator);
    requests = jetstream(await server.connect("api"));
    device.subscribe("device-cmd.d1.>", {
      callback: (_error, message) => {
        heard.push({
          subject: message.subject,
          body: message.string(),
          seq: Number(message.headers?.get("Nats-Sequence")),
        });
      },
    });
    await device.flush();
  });
  beforeEach(() => {
    heard.length = 0;
  });
  afterAll(async () => {
    await server.stop();
  });

  /** A stored command is republished in order: when this one is heard, whatever came before it has been heard or never will be. */
  async function heardBeforeMarker(): Promise<string[]> {
    const { seq } = await requests.publish(DESIRED, "marker");
    await waitFor(() => heard.some((command) => command.seq === seq), { describe: "the marker command" });
    return heard.filter((command) => command.seq !== seq).map((command) => command.body);
  }

  it("hears a stored command at the ADR's subject, with its sequence and the publisher's headers", async () => {
    const { seq } = await stops.publish(STOP, "stored", { msgID: "first" });
    await waitFor(() => heard.length === 1, { describe: "the stop" });
    expect(heard).toEqual([{ subject: "device-cmd.d1.upgrade-stop", body: "stored", seq }]);
    const manager = await jetstreamManager(device, { checkAPI: false });
    expect((await manager.direct.getMessage("UPGRADE_LEDGER", { last_by_subj: STOP }))?.seq).toBe(seq);
  });

  it("never hears a stop whose expected sequence was wrong", async () => {
    const { seq } = await requests.publish(DESIRED, "one");
    await requests.publish(DESIRED, "newer");
    const refused = stops.publish(STOP, "refused", {
      expect: { lastSubjectSequence: seq, lastSubjectSequenceSubject: DESIRED },
    });
    await expect(refused).rejects.toThrow(/wrong last sequence/);
    expect(await heardBeforeMarker()).toEqual(["one", "newer"]);
  });

  it("hears a stop once that was appended twice", async () => {
    await stops.publish(STOP, "stored", { msgID: "twice" });
    expect((await stops.publish(STOP, "again", { msgID: "twice" })).duplicate).toBe(true);
    expect(await heardBeforeMarker()).toEqual(["stored"]);
  });

  it("never hears a command of an uncommitted or refused batch, and hears a committed one", async () => {
    operator.publish(STOP, "uncommitted", batched("open", 1, false));
    await operator.request(STOP, "gap", batched("gap", 2, true));
    expect(await heardBeforeMarker()).toEqual([]);
    await operator.request(STOP, "committed", batched("whole", 1, true));
    expect(await heardBeforeMarker()).toContain("committed");
  });
});
