// What a device that has lost its memory asks the ledger (spec §4, Marker).
import type { NatsConnection } from "@nats-io/transport-node";
import type { Logger } from "pino";
import { readOwnLast } from "../link/own-last.ts";
import type { Loop } from "./loop.ts";
import type { Setup } from "./setup.ts";

/** Reads the device's own last event and hands it to the procedure, if that waits for it. */
export async function recall(
  nc: NatsConnection | null,
  loop: Loop,
  { self, log }: { readonly self: Setup["self"]; readonly log: Logger },
): Promise<void> {
  if (nc === null || loop.state.memory.kind !== "asking") return;
  try {
    const last = await readOwnLast(nc, self.deviceId);
    loop.give({ kind: "own-last", last });
  } catch (error) {
    log.warn({ error: String(error) }, "the device's own last event cannot be read for the moment");
  }
}
