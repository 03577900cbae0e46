import type { NatsConnection } from "@nats-io/transport-node";

import { connectAs } from "../connection/connect-as.ts";
import { isJsonObject } from "../json.ts";

/**
 * Makes every server of `url` read its configuration again and waits until they have. Over the system account,
 * because that answers whether it went well; a SIGHUP does not. A server that is down is passed over:
 * it reads the configuration when it starts.
 *
 * @param url one server, or all servers of a cluster separated by commas
 * @throws Error with the server's own words when it refuses its configuration (it goes on with the old one),
 * or with the last failure when none can be reached
 */
export async function reloadServers(url: string, systemPassword: string): Promise<void> {
  const outcomes = await Promise.all(
    url.split(",").map(async (server) => {
      const connection = await connectAs({
        url: server,
        as: { role: "system", password: systemPassword },
      }).catch((error: unknown) => ({ unreachable: error }));
      if ("unreachable" in connection) return connection.unreachable;
      try {
        await reloadServer(connection);
        return undefined;
      } finally {
        await connection.close();
      }
    }),
  );
  if (!outcomes.includes(undefined)) {
    throw new Error(`No NATS server of ${url} can be reached to let it know of its new configuration`, {
      cause: outcomes.at(-1),
    });
  }
}

async function reloadServer(connection: NatsConnection): Promise<void> {
  const id = connection.info?.server_id;
  if (id === undefined) throw new Error("The server did not say who it is");
  const reply = await connection.request(`$SYS.REQ.SERVER.${id}.RELOAD`, "", { timeout: 30_000 });
  const answer: unknown = reply.json();
  if (isJsonObject(answer) && answer["error"] !== undefined) {
    throw new Error(`The NATS server refuses its new configuration: ${JSON.stringify(answer["error"])}`);
  }
}
