import { fleetSummary } from "@upgrade-ledger/projections";
import { z } from "zod";
import type { App } from "../app/create-app.ts";
import { answers } from "../app/responses.ts";
import type { ApiContext } from "../context.ts";
import { liveHeartbeat } from "../present/device.ts";
import { FleetSummary } from "../schema/fleet.ts";

/** `GET /v1/fleet/summary` */
export function fleetRoute(app: App, context: ApiContext): void {
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
    async () => {
      const { model } = context;
      const liveOf = (deviceId: string) => model.heartbeats.of(deviceId).map(liveHeartbeat);
      return {
        ...fleetSummary(model.devices.values(), liveOf, context.now(), context.timings),
        quarantined_events: model.quarantine?.quarantined ?? 0,
        unknown_events: model.quarantine?.unknown ?? 0,
        valid_at_seq: model.progress.seq,
      };
    },
  );
}
