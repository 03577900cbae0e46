import { setImmediate } from "node:timers/promises";

import { PermissionViolationError } from "@nats-io/transport-node";
import type { NatsConnection } from "@nats-io/transport-node";

/** Whether the server refuses the publication for want of permission. */
export async function isRefusedToPublish(connection: NatsConnection, subject: string): Promise<boolean> {
  return violates(connection, subject, () => connection.publish(subject, "x"));
}

/** Whether the server refuses the subscription for want of permission. */
export async function isRefusedToSubscribe(connection: NatsConnection, subject: string): Promise<boolean> {
  return violates(connection, subject, () => {
    // The callback takes the refusal; it would be an unhandled error otherwise.
    connection.subscribe(subject, { callback: () => undefined });
  });
}

/** The server answers in order: a refusal comes before the pong of the flush. */
async function violates(connection: NatsConnection, subject: string, act: () => void): Promise<boolean> {
  let refused = false;
  void (async () => {
    for await (const status of connection.status()) {
      if (status.type !== "error" || !(status.error instanceof PermissionViolationError)) continue;
      refused ||= status.error.subject === subject;
    }
  })();
  act();
  await connection.flush();
  await setImmediate(); // the status loop takes its turn
  return refused;
}
