import type { NatsConnection } from "@nats-io/transport-node";

/** Knows whether the connection to the NATS server is up. */
export class ConnectionWatch {
  readonly #nc: NatsConnection;
  #up = true;
  #reconnects = 0;

  constructor(nc: NatsConnection) {
    this.#nc = nc;
    void this.#follow();
  }

  get up(): boolean {
    return this.#up && !this.#nc.isClosed();
  }

  /** How often it came back. */
  get reconnects(): number {
    return this.#reconnects;
  }

  /** Ends when the connection is closed. */
  async #follow(): Promise<void> {
    for await (const { type } of this.#nc.status()) {
      if (type === "disconnect" || type === "staleConnection") this.#up = false;
      if (type !== "reconnect") continue;
      this.#up = true;
      this.#reconnects += 1;
    }
  }
}
