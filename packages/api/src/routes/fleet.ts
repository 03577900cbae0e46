import { deviceProjection } from "@upgrade-ledger/projections";
import { z } from "zod";
import type { App } from "../app/create-app.ts";
import { isKnown, type Validity } from "../app/etag.ts";
import { answersOnce } from "../app/responses.ts";
import { sendKnown, sendText } from "../app/send-text.ts";
import type { ApiContext } from "../context.ts";
import { FleetSummary } from "../schema/fleet.ts";

/** `GET /v1/fleet/summary` */
export function fleetRoute(app: App, context: ApiContext): void {
  let [text, textIsOf] = ["", ""];
  app.get(
    "/v1/fleet/summary",
    {
      schema: {
        summary: "How many devices there are, by status, version, phase and reason",
        tags: ["fleet"],
        querystring: z.strictObject({}),
        response: answersOnce(FleetSummary),
      },
    },
    async (request, reply) => {
      context.model.fleet.bringUp();
      const validity = summaryValidity(context);
      if (isKnown(request, reply, validity)) return sendKnown(reply);
      const state = Object.values(validity).join();
      if (state !== textIsOf) {
        textIsOf = state;
        text = JSON.stringify(summaryOf(context));
      }
      return sendText(reply, text);
    },
  );
}

function summaryOf({ model }: ApiContext): FleetSummary {
  return {
    ...model.fleet.summary(),
    quarantined_events: model.quarantine?.quarantined ?? 0,
    unknown_events: model.quarantine?.unknown ?? 0,
    valid_at_seq: model.progress.seq,
  };
}

function summaryValidity({ model }: ApiContext): Validity {
  const { quarantined, unknown } = model.quarantine ?? { quarantined: 0, unknown: 0 };
  return {
    projectionVersion: deviceProjection.version,
    seq: model.progress.seq,
    changedAtMs: model.fleet.changedAtMs,
    // They come on a way of their own, and may arrive a little later than the sequence that they are of.
    also: `${quarantined}.${unknown}`,
  };
}
