// Looks at the operating system ten times a second: which agent processes of which version are alive on which device.
import { readlinkSync } from "node:fs";
import { basename, join } from "node:path";
import type { DemoDevice } from "./devices.ts";
import { type ProcessInfo, processesWith } from "./processes.ts";

const INTERVAL_MS = 100;

/** One agent process as it was seen. */
export interface Sighting {
  readonly deviceId: string;
  readonly version: string;
  readonly pid: number;
  readonly startTime: string;
}

export interface Watch {
  /** Every agent process that was ever seen, in the order of first sight. */
  readonly sightings: readonly Sighting[];
  /** Whether processes of these two versions were alive on the device in one look. */
  aliveTogether(deviceId: string, a: string, b: string): boolean;
  /** The agent processes that are alive on the device now. */
  aliveNow(deviceId: string): Sighting[];
  stop(): void;
}

/** Starts looking; a process's version is read when it is first seen, from its path or from where the symlink pointed. */
export function watchAgents(devices: readonly DemoDevice[]): Watch {
  const known = new Map<string, Sighting>();
  const together = new Set<string>();
  const look = (device: DemoDevice): Sighting[] => {
    const alive = processesWith(device.configFile).flatMap((found) => {
      const key = `${found.pid}/${found.startTime}`;
      const sighting = known.get(key) ?? sightingOf(device, found);
      if (sighting === undefined) return [];
      known.set(key, sighting);
      return [sighting];
    });
    for (const a of alive)
      for (const b of alive) together.add(`${device.deviceId} ${a.version} ${b.version}`);
    return alive;
  };
  const timer = setInterval(() => devices.forEach(look), INTERVAL_MS);
  return {
    get sightings() {
      return [...known.values()];
    },
    aliveTogether: (deviceId, a, b) => a !== b && together.has(`${deviceId} ${a} ${b}`),
    aliveNow: (deviceId) => devices.filter((device) => device.deviceId === deviceId).flatMap(look),
    stop: () => clearInterval(timer),
  };
}

function sightingOf(device: DemoDevice, found: ProcessInfo): Sighting | undefined {
  const program = found.argv.find((argument) => /\/fleet-agent(-v[^/]*)?$/.test(argument));
  if (program === undefined || !found.argv.includes("run")) return undefined;
  const link = join(device.prefix, "local", "bin", "fleet-agent");
  const file = basename(program === link ? readlinkSync(link) : program);
  return {
    deviceId: device.deviceId,
    version: file.replace("fleet-agent-v", ""),
    pid: found.pid,
    startTime: found.startTime,
  };
}
