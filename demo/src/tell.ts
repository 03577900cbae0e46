// One device's part of the story: ask for each version over HTTP and follow it to its end.
import { Accepted, ask, Device } from "./http.ts";
import { say } from "./output.ts";
import type { Ask, Part } from "./story.ts";
import type { World } from "./world.ts";

const LOOK_EVERY_MS = 200;
const UPGRADE_TIMEOUT_MS = 60_000;

/** Called when a device is first seen in a phase; `--kill-service` uses it. */
export type OnPhase = (deviceId: string, phase: string) => void;

/** @returns the upgrade ids, in the order of the asks. Throws when an upgrade does not end in a minute. */
export async function tellPart(world: World, part: Part, onPhase: OnPhase): Promise<string[]> {
  const upgradeIds: string[] = [];
  for (const wanted of part.asks) upgradeIds.push(await tellUpgrade(world, part.deviceId, wanted, onPhase));
  return upgradeIds;
}

async function tellUpgrade(world: World, deviceId: string, wanted: Ask, onPhase: OnPhase): Promise<string> {
  const { upgrade_id: upgradeId } = await ask(
    Accepted,
    `${world.httpUrl}/v1/devices/${deviceId}/desired-version`,
    {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ desired_version: wanted.version, reason: wanted.reason }),
    },
  );
  say.device(deviceId, `asked for ${wanted.version}`);
  let phase = "requested";
  const deadline = performance.now() + UPGRADE_TIMEOUT_MS;
  while (performance.now() < deadline) {
    const device = await shownDevice(world, deviceId);
    if (device?.upgrade?.upgrade_id === upgradeId && device.upgrade.phase !== phase) {
      phase = device.upgrade.phase;
      say.device(deviceId, `${phase} ${wanted.version}`);
      onPhase(deviceId, phase);
    }
    if (device !== undefined && hasEnded(device, upgradeId)) {
      const { outcome, reason_code: code } = device.last_upgrade ?? {};
      say.device(
        deviceId,
        `${outcome} ${wanted.version}${code ? `: ${code}` : ""}; runs ${device.current_version}`,
      );
      return upgradeId;
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  throw new Error(
    `${deviceId}: the upgrade to ${wanted.version} has not ended after 60 s; it is in phase ${phase}`,
  );
}

/** The device as the API shows it; `undefined` while the service is away, which one run of the demo brings about. */
async function shownDevice(world: World, deviceId: string): Promise<Device | undefined> {
  return ask(Device, `${world.httpUrl}/v1/devices/${deviceId}`).catch(() => undefined);
}

/** An upgrade has ended for us when it is closed and, if it is `done`, the operator's own observation has verified it. */
function hasEnded(device: Device, upgradeId: string): boolean {
  const last = device.last_upgrade;
  if (device.upgrade !== null || last?.upgrade_id !== upgradeId) return false;
  return last.outcome !== "done" || last.verified;
}
