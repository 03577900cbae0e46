import { UpgradeId } from "@upgrade-ledger/contract";
import { Replay } from "@upgrade-ledger/projections";
import { z } from "zod";
import type { App } from "../app/create-app.ts";
import { answers } from "../app/responses.ts";
import { momentOf, sayMoment } from "../as-of/as-of.ts";
import type { ApiContext } from "../context.ts";
import { asOfQuery } from "../schema/as-of.ts";
import { DeviceParams } from "../schema/device.ts";
import { pageOf, pageQuery } from "../schema/page.ts";
import { ReplayStep } from "../schema/replay.ts";
import { Seq } from "../schema/seq.ts";
import { deviceEntries } from "../view/device-entries.ts";
import { pageUpTo } from "./device-history.ts";
import { findDevice } from "./find-device.ts";

const Query = z.strictObject({
  upgrade_id: UpgradeId.optional(),
  from_seq: Seq.optional(),
  to_seq: Seq.optional(),
  /** `desc`: newest first. */
  order: z.enum(["asc", "desc"]).default("asc"),
  ...asOfQuery,
  ...pageQuery,
});

/** `GET /v1/devices/{device_id}/replay` */
export function replayRoute(app: App, context: ApiContext): void {
  app.get(
    "/v1/devices/:device_id/replay",
    {
      schema: {
        summary: "The device's events one by one, each with what it changed and the state after it",
        description:
          "`state` is always the state after everything up to the event, whatever is left out of the list; `since_previous_ms` and `patch` are since the device's event before.",
        tags: ["devices"],
        params: DeviceParams,
        querystring: Query,
        response: answers(pageOf(ReplayStep)),
      },
    },
    async ({ params, query }, reply) => {
      const { device_id: deviceId } = params;
      findDevice(context, deviceId);
      const moment = await momentOf(context, query);
      const recorded = await context.model.stored.events(deviceId);
      const replay = new Replay(deviceId, await deviceEntries(context.ledger, recorded, moment?.seq));
      const { upgrade_id: upgradeId, from_seq: fromSeq, to_seq: toSeq, order } = query;
      const chosen = replay.select({ upgradeId, fromSeq, toSeq });
      const rows = order === "asc" ? chosen : chosen.toReversed();
      const page = pageUpTo(context, `replay/${deviceId}`, query, rows, ({ seq }) => seq);
      const steps = replay.steps(new Set(page.items.map(({ seq }) => seq)));
      const answer = {
        items: order === "asc" ? steps : steps.toReversed(),
        next_page_token: page.next_page_token,
      };
      return moment === undefined ? answer : sayMoment(reply, moment, answer);
    },
  );
}
