// Heartbeats: this instance's own, on its own subject and its own timer, and those of the device's other instance (spec §3.3).
import type { NatsConnection } from "@nats-io/transport-node";
import {
  type DeviceId,
  HEADERS,
  type Heartbeat,
  type InstanceId,
  readHeartbeat,
  type ReadHeartbeat,
  subjects,
  type Version,
} from "@upgrade-ledger/contract";
import type { View } from "../core/index.ts";

export interface HeartbeatsOptions {
  readonly deviceId: DeviceId;
  readonly instanceId: InstanceId;
  readonly version: Version;
  readonly intervalMs: number;
  /** The connection while it is up: heartbeats are never kept for later. */
  readonly connection: () => NatsConnection | null;
  readonly view: () => View;
  readonly progress: () => { readonly doneBytes: number; readonly totalBytes: number } | null;
  /** A heartbeat of another instance of this device. */
  readonly onOther: (heartbeat: ReadHeartbeat) => void;
}

export class Heartbeats {
  readonly #options: HeartbeatsOptions;
  #timer: NodeJS.Timeout | undefined;
  #said = "";

  constructor(options: HeartbeatsOptions) {
    this.#options = options;
  }

  /** Listens to the device's own heartbeats on a connection. */
  attach(nc: NatsConnection): void {
    const { deviceId, instanceId, onOther } = this.#options;
    nc.subscribe(subjects.heartbeat(deviceId), {
      callback: (error, message) => {
        if (error !== null) return;
        const injected = message.headers?.has(HEADERS.stream) ?? false;
        const reading = readHeartbeat({ subject: message.subject, data: message.data, injected });
        if (reading.ok && reading.heartbeat.instance_id !== instanceId) onOther(reading.heartbeat);
      },
    });
  }

  start(): void {
    this.#timer = setInterval(() => this.send(), this.#options.intervalMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Sends one now, besides those of the timer, if anything that it says has changed. */
  sendIfChanged(): void {
    const { agentState, upgradeId } = this.#options.view();
    if (`${agentState} ${upgradeId}` !== this.#said) this.send();
  }

  /** Sends one now, if the link is up. */
  send(): void {
    const { connection, deviceId, instanceId, version, intervalMs, view, progress } = this.#options;
    const nc = connection();
    if (nc === null) return;
    const { agentState, upgradeId } = view();
    const bytes = progress();
    const heartbeat: Heartbeat = {
      device_id: deviceId,
      instance_id: instanceId,
      current_version: version,
      agent_state: agentState,
      ...(upgradeId === null ? {} : { upgrade_id: upgradeId }),
      interval_ms: intervalMs,
      sent_at: new Date().toISOString(),
      ...(bytes === null || bytes.totalBytes < 1
        ? {}
        : { progress: { done_bytes: bytes.doneBytes, total_bytes: bytes.totalBytes } }),
    };
    nc.publish(subjects.heartbeat(deviceId, instanceId), JSON.stringify(heartbeat));
    this.#said = `${agentState} ${upgradeId}`;
  }
}
