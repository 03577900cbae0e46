import { z } from "zod";
import type { App } from "../app/create-app.ts";
import { answers } from "../app/responses.ts";
import { momentOf, sayMoment } from "../as-of/as-of.ts";
import { pastDevice } from "../as-of/past-device.ts";
import type { ApiContext } from "../context.ts";
import { presentDevice } from "../present/device.ts";
import { asOfQuery } from "../schema/as-of.ts";
import { Device, DeviceParams } from "../schema/device.ts";
import { findDevice } from "./find-device.ts";

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
        response: answers(Device),
      },
    },
    async ({ params, query }, reply) => {
      const moment = await momentOf(context, query);
      if (moment === undefined) return presentDevice(context, findDevice(context, params.device_id));
      return sayMoment(reply, moment, await pastDevice(context, params.device_id, moment));
    },
  );
}
