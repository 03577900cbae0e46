// A device with a past in a running service: one attempt that failed, one that is under way.
import { DeviceId, UpgradeId, Version } from "@upgrade-ledger/contract";
import { createWriter, ledgerOf, newInstanceId } from "@upgrade-ledger/ledger";
import { connectAs, newDeviceKey } from "@upgrade-ledger/nats";
import { waitFor } from "@upgrade-ledger/testkit";
import { z } from "zod";
import type { TestService } from "./service.ts";

const Accepted = z.looseObject({ upgrade_id: UpgradeId });
const ARTIFACT = {
  platform: "any",
  url: "https://files.example.org/fleet-agent-v0.1.2",
  sha256: "a".repeat(64),
  size_bytes: 1000,
  signature: "untrusted comment: test\nRUQ=\ntrusted comment: file:fleet-agent-v0.1.2\nAA==\n",
};

export interface Tale {
  readonly deviceId: DeviceId;
  readonly failed: UpgradeId;
  readonly open: UpgradeId;
  /** Ledger sequence of the device's last event. */
  readonly lastSeq: number;
}

export async function tell(service: TestService, id = "pi-1"): Promise<Tale> {
  const send = async (method: string, path: string, body: unknown): Promise<unknown> => {
    const answer = await fetch(`${service.url}${path}`, {
      method,
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(await answer.text());
    return answer.json();
  };
  const deviceId = DeviceId.parse(id);
  const key = newDeviceKey();
  await send("PUT", "/v1/artifacts/0.1.2", ARTIFACT);
  await send("POST", `/v1/devices/${id}/enrolment`, { public_key: key.publicKey, reason: "new" });
  const nc = await connectAs({ url: service.nats, as: { deviceId: id, seed: key.seed } });
  const [version, instanceId] = [Version.parse("0.1.1"), newInstanceId()];
  const agent = createWriter({ ledger: ledgerOf(nc), role: "agent", instanceId, version });
  const ask = async (): Promise<UpgradeId> => {
    const body = { desired_version: "0.1.2", reason: "security fix" };
    return Accepted.parse(await send("PUT", `/v1/devices/${id}/desired-version`, body)).upgrade_id;
  };
  const written = async (draft: Parameters<typeof agent.append>[1]): Promise<number> => {
    const outcome = await agent.append(deviceId, draft);
    if (outcome.kind !== "stored") throw new Error(JSON.stringify(outcome));
    await waitFor(
      async () => {
        const answer = await fetch(`${service.url}/v1/devices/${id}`);
        const seen = z.looseObject({ valid_at_seq: z.number() }).safeParse(await answer.json());
        return seen.success && seen.data.valid_at_seq >= outcome.seq;
      },
      { describe: `${draft.type} to be taken in` },
    );
    return outcome.seq;
  };
  await written({ type: "started", boot_reason: "install", previous_version: null });
  const failed = await ask();
  await written({ type: "draining", upgrade_id: failed, in_flight: 2 });
  await written({
    type: "failed",
    upgrade_id: failed,
    failed_phase: "verifying",
    reason_code: "self_test_failed",
    last_error: "exit code 3",
    reverted: false,
  });
  const open = await ask();
  const lastSeq = await written({ type: "draining", upgrade_id: open, in_flight: 0 });
  await nc.close();
  return { deviceId, failed, open, lastSeq };
}
