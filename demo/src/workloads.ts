// The two workloads that each device runs while its agents come and go (spec §4, Workloads; G7).
import { Kvm } from "@nats-io/kv";
import { BUCKETS, DesiredState, DeviceId, WorkloadState } from "@upgrade-ledger/contract";
import { connectAs, loadOrCreatePasswords } from "@upgrade-ledger/nats";
import { join } from "node:path";
import { startTimeOf } from "./processes.ts";
import type { World } from "./world.ts";

export interface Workload {
  readonly name: string;
  readonly pid: number;
  readonly startTime: string;
}

/** What an operator's deployment tool would write: two processes that run for a day. */
export async function deployWorkloads(world: World, deviceIds: readonly string[]): Promise<void> {
  await withBucket(world, BUCKETS.desiredState, async (bucket) => {
    for (const deviceId of deviceIds) {
      const document: DesiredState = DesiredState.parse({
        device_id: DeviceId.parse(deviceId),
        deployments: ["sensor", "uplink"].map((name) => ({
          name,
          runtime: "process",
          command: ["sleep", "86400"],
        })),
      });
      await bucket.put(deviceId, JSON.stringify(document));
    }
  });
}

/** The workloads that a device's active agent reports as running, as far as the operating system agrees. */
export async function runningWorkloads(world: World, deviceId: string): Promise<Workload[]> {
  return withBucket(world, BUCKETS.workloadState, async (bucket) => {
    const entry = await bucket.get(deviceId);
    if (entry === null) return [];
    return WorkloadState.parse(entry.json()).workloads.flatMap(({ name, pid }) => {
      const startTime = pid === null ? undefined : startTimeOf(pid);
      return pid === null || startTime === undefined ? [] : [{ name, pid, startTime }];
    });
  });
}

type Bucket = Awaited<ReturnType<Kvm["open"]>>;

async function withBucket<T>(world: World, name: string, work: (bucket: Bucket) => Promise<T>): Promise<T> {
  const passwords = await loadOrCreatePasswords(join(world.dataDir, "nats", "secrets.json"));
  const nc = await connectAs({
    url: `nats://127.0.0.1:${world.natsPort}`,
    as: { role: "api", password: passwords.api },
    name: "demo",
  });
  try {
    return await work(await new Kvm(nc).open(name));
  } finally {
    await nc.close();
  }
}
