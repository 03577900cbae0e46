// A device with a past: one attempt that failed, one that is under way.
import { UpgradeId } from "@upgrade-ledger/contract";
import { Accepted, seenDevice, type World } from "./world.ts";

export interface Tale {
  readonly failed: string;
  readonly open: string;
}

export async function tell(world: World, deviceId: string): Promise<Tale> {
  const agent = await seenDevice(world, deviceId, "0.1.1");
  const ask = async (): Promise<UpgradeId> => {
    await world.caughtUp();
    const body = { desired_version: "0.1.2", reason: "security fix" };
    const answer = await world.put(`/v1/devices/${deviceId}/desired-version`, body);
    return UpgradeId.parse(Accepted.parse(answer.json).upgrade_id);
  };
  const failed = await ask();
  const cause = { upgrade_id: failed };
  await agent.writer.append(agent.deviceId, { type: "draining", ...cause, in_flight: 2 });
  await agent.writer.append(agent.deviceId, {
    type: "failed",
    ...cause,
    failed_phase: "verifying",
    reason_code: "self_test_failed",
    last_error: "404",
    reverted: false,
  });
  const open = await ask();
  await agent.writer.append(agent.deviceId, { type: "draining", upgrade_id: open, in_flight: 0 });
  await agent.nc.request(`device-state.${deviceId}.upgrade`, '{"schema_version":7,"type":"dancing"}');
  await world.caughtUp();
  return { failed, open };
}
