import { z } from "zod";
import type { App } from "../app/create-app.ts";
import { answers } from "../app/responses.ts";
import { sendText } from "../app/send-text.ts";
import type { ApiContext } from "../context.ts";
import { Device, DeviceParams } from "../schema/device.ts";
import { findEntry } from "./find-device.ts";

/** `GET /v1/devices/{device_id}` */
export function deviceRoute(app: App, context: ApiContext): void {
  app.get(
    "/v1/devices/:device_id",
    {
      schema: {
        summary: "The current state of one device",
        tags: ["devices"],
        params: DeviceParams,
        querystring: z.strictObject({}),
        response: answers(Device),
      },
    },
    async ({ params }, reply) => {
      const { fleet } = context.model;
      fleet.bringUp();
      return sendText(reply, context.deviceTexts.of(context, findEntry(context, params.device_id)));
    },
  );
}
