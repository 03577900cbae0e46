// Whether this process's connection to the broker is up. While it is down nobody is silent, and nothing is decided.
import type { NatsConnection } from "@nats-io/transport-node";
import type { Logger } from "pino";
import type { Clock } from "./clock.ts";
import type { Moment } from "./coordinator/core/moment.ts";

export interface Link {
  isUp(): boolean;
  /** Since when it has been up without a break; only of meaning while it is. */
  upSince(): Moment;
}

export function watchLink(nc: NatsConnection, clock: Clock, log: Logger): Link {
  let up = !nc.isClosed();
  let upSince = clock.now();
  const watch = async (): Promise<void> => {
    for await (const status of nc.status()) {
      if (status.type === "disconnect") {
        up = false;
        log.warn("the connection to the broker is lost");
      } else if (status.type === "reconnect") {
        up = true;
        upSince = clock.now();
        log.info("the connection to the broker is back");
      }
    }
    up = false;
  };
  watch().catch((error: unknown) => log.error({ err: error }, "the connection's status can't be read"));
  return { isUp: () => up && !nc.isClosed(), upSince: () => upSince };
}
