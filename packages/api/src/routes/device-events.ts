import { EVENT_TYPES } from "@upgrade-ledger/contract";
import { z } from "zod";
import type { App } from "../app/create-app.ts";
import { answers } from "../app/responses.ts";
import type { ApiContext } from "../context.ts";
import { presentLedgerItem } from "../present/ledger-item.ts";
import { DeviceParams } from "../schema/device.ts";
import { LedgerItem } from "../schema/event.ts";
import { anyOf, pageOf, pageQuery } from "../schema/page.ts";
import { pageUpTo } from "./device-history.ts";
import { findDevice } from "./find-device.ts";

const Query = z.strictObject({
  type: anyOf(z.string().min(1).max(128)),
  ...pageQuery,
});

/** `GET /v1/devices/{device_id}/events`: which events they are comes from the projections, their bytes from the ledger. */
export function deviceEventsRoute(app: App, context: ApiContext): void {
  app.get(
    "/v1/devices/:device_id/events",
    {
      schema: {
        summary: "The device's events, oldest first",
        description: `Events that were quarantined are at /v1/quarantine. Types: ${EVENT_TYPES.join(", ")}, and those of the future.`,
        tags: ["devices"],
        params: DeviceParams,
        querystring: Query,
        response: answers(pageOf(LedgerItem)),
      },
    },
    async ({ params, query }) => {
      findDevice(context, params.device_id);
      const { type, ...paging } = query;
      const all = await context.model.stored.events(params.device_id);
      const wanted = type === undefined ? all : all.filter((event) => type.includes(event.type));
      const route = `events/${params.device_id}?${(type ?? []).join("&")}`;
      const page = pageUpTo(context, route, paging, wanted, (event) => event.seq);
      const raw = await Promise.all(page.items.map(({ seq }) => context.ledger.getRaw(seq)));
      const items = raw.flatMap((entry, index) => {
        if (entry === undefined) return [];
        const item = presentLedgerItem(entry);
        // An event of an agent that names no upgrade belongs to the one that was open then.
        return [{ ...item, upgrade_id: item.upgrade_id ?? page.items[index]?.upgrade_id ?? null }];
      });
      return { items, next_page_token: page.next_page_token };
    },
  );
}
