// What a simulated device knows of its processes, and what they wrote.
import type { EventId, InstanceId, UpgradeId, Version } from "@upgrade-ledger/contract";
import type { Effect, State, Upgrade } from "../../src/core/index.ts";

export type Work = Extract<Effect, { op: number }>;

export interface Process {
  readonly instanceId: InstanceId;
  readonly version: Version;
  readonly unit: string;
  state: State;
  alive: boolean;
  exit: "running" | "crash" | "clean" | "stopped";
  work: Work[];
  probes: Extract<Effect, { do: "probe" }>[];
}

export interface Exit {
  readonly by: InstanceId;
  readonly because: "stopped" | "extra";
  readonly upgrade: Upgrade | null;
  readonly atMs: number;
}

export interface Written {
  readonly upgradeId: UpgradeId | null;
  readonly eventId: EventId | null;
  readonly body: Extract<Effect, { do: "publish" }>["draft"];
  readonly by: InstanceId;
}
