import { z } from "zod";
import type { App } from "../app/create-app.ts";
import { answersAccepted } from "../app/responses.ts";
import { setDesiredVersion } from "../command/desired-version.ts";
import type { ApiContext } from "../context.ts";
import { DesiredVersionAccepted, DesiredVersionBody, IdempotencyHeaders } from "../schema/command.ts";
import { DeviceParams } from "../schema/device.ts";

/** `PUT /v1/devices/{device_id}/desired-version` */
export function desiredVersionRoute(app: App, context: ApiContext): void {
  app.put(
    "/v1/devices/:device_id/desired-version",
    {
      schema: {
        summary: "Ask for a version, or cancel with null",
        description:
          "Each request opens a new upgrade, also for the version of the last one: that is how one retries. With an `Idempotency-Key` (a UUIDv7, which becomes the event's id) a repeat opens none.",
        tags: ["devices"],
        params: DeviceParams,
        querystring: z.strictObject({}),
        headers: IdempotencyHeaders,
        body: DesiredVersionBody,
        response: answersAccepted(DesiredVersionAccepted),
      },
    },
    async ({ params, headers, body }, reply) => {
      const accepted = await setDesiredVersion(context, {
        deviceId: params.device_id,
        version: body.desired_version,
        reason: body.reason,
        artifact: body.artifact,
        idempotencyKey: headers["idempotency-key"],
      });
      void reply.code(202).header("location", `/v1/upgrades/${accepted.upgradeId}`);
      return {
        upgrade_id: accepted.upgradeId,
        event_id: accepted.eventId,
        ledger_seq: accepted.seq,
        device_id: params.device_id,
        desired_version: body.desired_version,
        artifact: accepted.artifact,
      };
    },
  );
}
