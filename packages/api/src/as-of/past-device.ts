import {
  deviceProjection,
  foldAll,
  historyProjection,
  statusOf,
  StoredHistory,
  stateOf,
} from "@upgrade-ledger/projections";
import type { ApiContext } from "../context.ts";
import { presentDevice } from "../present/device.ts";
import { ApiProblem } from "../problem/problem.ts";
import type { Device } from "../schema/device.ts";
import { deviceEntries } from "../view/device-entries.ts";
import { type Moment, pastContext } from "./as-of.ts";

/** A device's entries as of a moment. @throws ApiProblem `device_unknown` if there was none yet */
async function entriesAt(context: ApiContext, deviceId: string, { seq }: Moment) {
  const recorded = await context.model.stored.events(deviceId);
  const entries = await deviceEntries(context.ledger, recorded, seq);
  if (entries.length > 0) return entries;
  throw new ApiProblem(
    "device_unknown",
    `No device ${deviceId} had been seen when the ledger ended at ${seq}.`,
  );
}

/** A device as it stood then: what is live is not part of the past. */
export async function pastDevice(context: ApiContext, deviceId: string, moment: Moment): Promise<Device> {
  const folded = foldAll(deviceProjection, await entriesAt(context, deviceId, moment)).get(deviceId) ?? "";
  const device = stateOf(deviceProjection.restore(folded));
  const status = statusOf(device, null, moment.atMs, context.timings);
  const { live: _now, ...past } = presentDevice(pastContext(context, moment), { device, status });
  return past;
}

/** A device's history as it stood then. */
export async function pastHistory(
  context: ApiContext,
  deviceId: string,
  moment: Moment,
): Promise<StoredHistory> {
  const documents = foldAll(historyProjection, await entriesAt(context, deviceId, moment));
  return new StoredHistory(async (key) => documents.get(key));
}
