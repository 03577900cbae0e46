// A device of ours by its script: events with envelopes, heartbeats with all their fields, over a device's own connection.
import type { NatsConnection } from "@nats-io/transport-node";
import { DeviceId, type Heartbeat, type InstanceId, UpgradeId, Version } from "@upgrade-ledger/contract";
import {
  createWriter,
  type DraftOf,
  ledgerOf,
  type LedgerWriter,
  newInstanceId,
} from "@upgrade-ledger/ledger";

type AgentDraft = DraftOf<
  "draining" | "cutover-ready" | "stopping" | "stop-refused" | "done" | "failed" | "superseded" | "started"
>;

export class ScriptedAgent {
  readonly instanceId: InstanceId = newInstanceId();
  readonly version: string;
  readonly #device: ScriptedDevice;
  readonly #writer: LedgerWriter;

  constructor(device: ScriptedDevice, version: string) {
    this.#device = device;
    this.version = version;
    const ledger = ledgerOf(device.nc);
    this.#writer = createWriter({ ledger, role: "agent", version, instanceId: this.instanceId });
  }

  async write(draft: AgentDraft): Promise<void> {
    const outcome = await this.#writer.append(this.#device.deviceId, draft);
    if (outcome.kind !== "stored") throw new Error(`${draft.type} was not stored: ${outcome.kind}`);
  }

  beat(changes: Partial<Heartbeat> = {}): void {
    const { deviceId, nc } = this.#device;
    this.#device.heartbeatsSent += 1;
    const heartbeat: Heartbeat = {
      device_id: deviceId,
      instance_id: this.instanceId,
      current_version: Version.parse(this.version),
      agent_state: "running",
      interval_ms: 10_000,
      sent_at: new Date(Date.now() + this.#device.heartbeatsSent).toISOString(),
      ...changes,
    };
    nc.publish(`device-heartbeat.${deviceId}.${this.instanceId}`, JSON.stringify(heartbeat));
  }
}

export class ScriptedDevice {
  readonly nc: NatsConnection;
  readonly deviceId: DeviceId;
  /** Names and event ids of the commands that reached it live, in order. */
  readonly commands: { readonly name: string; readonly eventId: string }[] = [];
  heartbeatsSent = 0;

  constructor(nc: NatsConnection, deviceId: string) {
    this.nc = nc;
    this.deviceId = DeviceId.parse(deviceId);
    nc.subscribe(`device-cmd.${deviceId}.>`, {
      callback: (_, message) => {
        const { type, event_id } = message.json<{ type: string; event_id: string }>();
        this.commands.push({ name: type, eventId: event_id });
      },
    });
  }

  agent(version: string): ScriptedAgent {
    return new ScriptedAgent(this, version);
  }
}

export function cutoverReady(upgradeId: string): DraftOf<"cutover-ready"> {
  return {
    type: "cutover-ready",
    upgrade_id: UpgradeId.parse(upgradeId),
    symlink: {
      path: "/usr/local/bin/fleet-agent",
      from: "/usr/bin/fleet-agent-v0.1.1",
      to: "/usr/bin/fleet-agent-v0.1.2",
    },
    unit: "fleet-agent-v0.1.2.service",
  };
}
