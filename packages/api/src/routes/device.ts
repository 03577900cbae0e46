import { deviceProjection } from "@upgrade-ledger/projections";
import { z } from "zod";
import type { App } from "../app/create-app.ts";
import { isKnown, type Validity } from "../app/etag.ts";
import { answersOnce } from "../app/responses.ts";
import { sendKnown, sendText } from "../app/send-text.ts";
import { momentOf, sayMoment } from "../as-of/as-of.ts";
import { pastDevice } from "../as-of/past-device.ts";
import type { ApiContext } from "../context.ts";
import type { FleetEntry } from "../fleet/fleet-index.ts";
import { asOfQuery } from "../schema/as-of.ts";
import { Device, DeviceParams } from "../schema/device.ts";
import { findEntry } from "./find-device.ts";

/** `GET /v1/devices/{device_id}` */
export function deviceRoute(app: App, context: ApiContext): void {
  app.get(
    "/v1/devices/:device_id",
    {
      schema: {
        summary: "The current state of one device, or its state at a moment of the past",
        tags: ["devices"],
        params: DeviceParams,
        querystring: z.strictObject(asOfQuery),
        response: answersOnce(Device),
      },
    },
    async (request, reply) => {
      const moment = await momentOf(context, request.query);
      if (moment !== undefined) {
        return sayMoment(reply, moment, await pastDevice(context, request.params.device_id, moment));
      }
      context.model.fleet.bringUp();
      const entry = findEntry(context, request.params.device_id);
      // First, as it also takes note of what the coordinator says.
      const text = context.deviceTexts.of(context, entry);
      return isKnown(request, reply, deviceValidity(entry)) ? sendKnown(reply) : sendText(reply, text);
    },
  );
}

function deviceValidity({ row, changedAtMs }: FleetEntry): Validity {
  return { projectionVersion: deviceProjection.version, seq: row.device.valid_at_seq, changedAtMs };
}
