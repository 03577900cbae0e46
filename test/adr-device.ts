// A device that knows the ADR and nothing else of ours: its subjects and payloads are spelled out here as the ADR has them.
import type { NatsConnection } from "@nats-io/transport-node";

export interface AdrCommand {
  /** What comes after `device-cmd.<device_id>.` */
  readonly name: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** What an agent of the ADR says of itself. */
export interface AdrHeartbeat {
  readonly version?: string;
  readonly agent_state?: string;
}

export class AdrDevice {
  readonly deviceId: string;
  readonly #nc: NatsConnection;
  /** Every command that reached the device, in order. */
  readonly commands: AdrCommand[] = [];
  heartbeatsSent = 0;

  /** @param nc a connection with the rights of this device */
  constructor(nc: NatsConnection, deviceId: string) {
    this.#nc = nc;
    this.deviceId = deviceId;
    const prefix = `device-cmd.${deviceId}.`;
    nc.subscribe(`${prefix}>`, {
      callback: (error, message) => {
        if (error !== null) throw error;
        this.commands.push({ name: message.subject.slice(prefix.length), payload: message.json() });
      },
    });
  }

  /** One heartbeat of one of its agents. */
  async beat(identity: string, heartbeat: AdrHeartbeat): Promise<void> {
    this.#nc.publish(`device-heartbeat.${this.deviceId}.${identity}`, JSON.stringify(heartbeat));
    this.heartbeatsSent += 1;
    await this.#nc.flush();
  }

  /** A status event of its upgrade. */
  async report(phase: string, lastError?: string): Promise<void> {
    const payload = lastError === undefined ? { phase } : { phase, last_error: lastError };
    this.#nc.publish(`device-state.${this.deviceId}.upgrade`, JSON.stringify(payload));
    await this.#nc.flush();
  }

  get stops(): AdrCommand[] {
    return this.commands.filter(({ name }) => name === "upgrade-stop");
  }
}
