import type { NatsConnection } from "@nats-io/transport-node";

import { connectAs } from "../connection/connect-as.ts";
import { isJsonObject } from "../json.ts";

/**
 * Makes every server of `url` read its configuration again and waits until they have. Over the system account,
 * because that answers whether it went well; a SIGHUP does not.
 *
 * @param url one server, or all servers of a cluster separated by commas
 * @throws Error with the server's own words when it refuses its configuration (it goes on with the old one)
 */
export async function reloadServers(url: string, systemPassword: string): Promise<void> {
  for (const server of url.split(",")) {
    const connection = await connectAs({ url: server, as: { role: "system", password: systemPassword } });
    try {
      await reloadServer(connection);
    } finally {
      await connection.close();
    }
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
