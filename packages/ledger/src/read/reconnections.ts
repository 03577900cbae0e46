// Hearing of reconnections, once per connection: the client keeps every listener of its own for the connection's life.
import type { NatsConnection } from "@nats-io/transport-node";

export class Reconnections {
  readonly #listeners = new Set<() => void>();
  readonly #nc: NatsConnection;
  #listening = false;

  constructor(nc: NatsConnection) {
    this.#nc = nc;
  }

  /** Calls `listener` after each reconnection, until the returned function is called. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    if (!this.#listening) {
      this.#listening = true;
      void this.#listen();
    }
    return () => this.#listeners.delete(listener);
  }

  async #listen(): Promise<void> {
    for await (const status of this.#nc.status()) {
      if (status.type !== "reconnect") continue;
      for (const listener of this.#listeners) listener();
    }
  }
}
