import { z } from "zod";
import type { App } from "../app/create-app.ts";
import { answers } from "../app/responses.ts";
import { sendText } from "../app/send-text.ts";
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
        response: answers(FleetSummary),
      },
    },
    async (_request, reply) => {
      const { model } = context;
      model.fleet.bringUp();
      const { quarantined, unknown } = model.quarantine ?? {};
      const state = [model.progress.seq, model.fleet.changedAtMs, quarantined, unknown].join();
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
