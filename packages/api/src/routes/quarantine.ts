import { DeviceId } from "@upgrade-ledger/contract";
import type { QuarantinedEntry } from "@upgrade-ledger/projections";
import { z } from "zod";
import type { App } from "../app/create-app.ts";
import { answers } from "../app/responses.ts";
import type { ApiContext } from "../context.ts";
import { QuarantinedItem } from "../schema/event.ts";
import { anyOf, pageOf, pageQuery } from "../schema/page.ts";
import { pageUpTo } from "./device-history.ts";

const Query = z.strictObject({
  device_id: anyOf(DeviceId),
  kind: anyOf(z.enum(["quarantined", "unknown"])),
  ...pageQuery,
});

/** `GET /v1/quarantine` */
export function quarantineRoute(app: App, context: ApiContext): void {
  app.get(
    "/v1/quarantine",
    {
      schema: {
        summary: "What was stored and could not be believed or understood, oldest first",
        tags: ["events"],
        querystring: Query,
        response: answers(pageOf(QuarantinedItem)),
      },
    },
    async ({ query }) => {
      const { device_id: devices, kind: kinds, ...paging } = query;
      const entries = (await allEntries(context)).filter(
        (entry) =>
          (devices === undefined || devices.some((id) => id === entry.device_id)) &&
          (kinds === undefined || kinds.includes(entry.kind)),
      );
      const route = `quarantine?${JSON.stringify([devices, kinds])}`;
      const page = pageUpTo(context, route, paging, entries, (entry) => entry.seq);
      return { ...page, items: await Promise.all(page.items.map((entry) => withBytes(context, entry))) };
    },
  );
}

/** The newest ones are in memory, filled pages in their bucket. */
async function allEntries(context: ApiContext): Promise<QuarantinedEntry[]> {
  const newest = context.model.quarantine;
  if (newest === undefined) return [];
  const filled = Array.from({ length: Math.max(0, newest.page - 1) }, (_, index) => index + 1);
  const pages = await Promise.all(filled.map((page) => context.model.stored.quarantinePage(page)));
  return [...pages.flatMap((page) => page?.entries ?? []), ...newest.entries];
}

async function withBytes(
  context: ApiContext,
  entry: QuarantinedEntry,
): Promise<z.infer<typeof QuarantinedItem>> {
  const raw = await context.ledger.getRaw(entry.seq);
  return { ...entry, raw: Buffer.from(raw?.data ?? []).toString("base64") };
}
