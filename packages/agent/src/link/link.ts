// The connection to the broker, kept for ever, and what comes in over it (spec §3.1).
import type { NatsConnection, Status } from "@nats-io/transport-node";
import type { DeviceId } from "@upgrade-ledger/contract";
import { connectAs } from "@upgrade-ledger/nats";

export interface LinkOptions {
  readonly url: string;
  readonly deviceId: DeviceId;
  /** The device's NKey seed. */
  readonly seed: string;
  /** Shown in the server's list of connections. */
  readonly name: string;
  /** Called once, when the connection object exists; subscriptions made there live as long as it does. */
  readonly onConnection: (nc: NatsConnection) => void;
  /** The link is up (again) and everything subscribed has reached the server, or it is down. */
  readonly onUp: (up: boolean) => void;
  readonly log: { info(fields: object, message: string): void; warn(fields: object, message: string): void };
}

/** Time between two attempts where the client itself does not keep trying. */
const RETRY_MS = 1_000;

/** Never ends because the broker is away: it connects when it can, and again whenever it has to. */
export class Link {
  readonly #options: LinkOptions;
  #nc: NatsConnection | null = null;
  #up = false;
  #closed = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  /** The connection while it is up. */
  get connection(): NatsConnection | null {
    return this.#up ? this.#nc : null;
  }

  get isUp(): boolean {
    return this.#up;
  }

  /** Begins to connect, and answers at once. */
  start(): void {
    void this.#connect();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#setUp(false);
    await this.#nc?.close().catch(() => undefined);
  }

  async #connect(): Promise<void> {
    const { url, deviceId, seed, name, log } = this.#options;
    try {
      const nc = await connectAs({ url, as: { deviceId, seed }, name, waitOnFirstConnect: true });
      if (this.#closed) {
        await nc.close();
        return;
      }
      this.#nc = nc;
      this.#options.onConnection(nc);
      void this.#watch(nc);
      await this.#comeUp(nc);
    } catch (error) {
      log.warn({ error: String(error) }, "cannot connect to the broker; trying again");
      this.#again();
    }
  }

  #again(): void {
    if (this.#closed) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#connect(), RETRY_MS);
  }

  /** The subscriptions have reached the server once a flush has come back. */
  async #comeUp(nc: NatsConnection): Promise<void> {
    try {
      await nc.flush();
      if (nc === this.#nc && !nc.isClosed()) this.#setUp(true);
    } catch (error) {
      this.#options.log.warn({ error: String(error) }, "the link went down while it came up");
    }
  }

  #setUp(up: boolean): void {
    if (this.#up === up) return;
    this.#up = up;
    this.#options.onUp(up);
  }

  async #watch(nc: NatsConnection): Promise<void> {
    for await (const status of nc.status()) this.#onStatus(nc, status);
    this.#setUp(false);
    this.#nc = null;
    this.#again();
  }

  #onStatus(nc: NatsConnection, status: Status): void {
    const { log } = this.#options;
    if (status.type === "disconnect" || status.type === "staleConnection") {
      if (this.#up) log.warn({ event: status.type }, "the link to the broker is down");
      this.#setUp(false);
    } else if (status.type === "reconnect") {
      log.info({}, "the link to the broker is up again");
      void this.#comeUp(nc);
    } else if (status.type === "error") {
      log.warn({ error: String(status.error) }, "the broker reported an error");
    }
  }
}
