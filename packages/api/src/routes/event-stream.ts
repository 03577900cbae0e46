import { DeviceId } from "@upgrade-ledger/contract";
import type { FastifyRequest } from "fastify";
import { z } from "zod";
import type { App } from "../app/create-app.ts";
import type { ApiContext } from "../context.ts";
import { ApiProblem } from "../problem/problem.ts";
import { presentLedgerItem } from "../present/ledger-item.ts";
import type { LedgerItem } from "../schema/event.ts";
import { anyOf } from "../schema/page.ts";
import { EventStream } from "../stream/event-stream.ts";

const Query = z.strictObject({
  type: anyOf(z.string().min(1).max(128)),
  device_id: anyOf(DeviceId),
  kind: anyOf(z.enum(["event", "unknown", "quarantined"])),
  after: z.coerce.number({ error: "must be a ledger sequence" }).int().nonnegative().optional(),
});
type Query = z.infer<typeof Query>;

/** Events that a filter leaves out before the client is told how far the ledger has been read. */
const BOOKMARK_EVERY = 1_000;

/** `GET /v1/events/stream` */
export function eventStreamRoute(app: App, context: ApiContext): void {
  const { streams, settings, ledger } = context;
  app.get(
    "/v1/events/stream",
    {
      exposeHeadRoute: false,
      schema: {
        summary: "The ledger as it grows, as server-sent events",
        description:
          "`id` is the ledger sequence, `event` the type, `data` the event as in a list. Begins after `Last-Event-ID`, else after `after`, else with the next event. Where filters leave events out, `event: seq` tells from time to time how far the ledger has been read.",
        tags: ["events"],
        querystring: Query,
        response: {
          200: { description: "Events", content: { "text/event-stream": { schema: z.string() } } },
        },
      },
    },
    async (request, reply) => {
      const after = lastEventId(request) ?? request.query.after ?? (await ledger.head()).lastSeq;
      void reply.hijack();
      const stream = new EventStream(reply.raw, {
        headers: reply.getHeaders(),
        heartbeatMs: settings.sseHeartbeatMs,
        after,
      });
      streams.add(stream);
      try {
        await ledger.followRaw({ fromSeq: after + 1, signal: stream.signal }, (raw) => {
          const item = presentLedgerItem(raw);
          if (fits(item, request.query)) return stream.send(item);
          return stream.pass(item.seq, BOOKMARK_EVERY);
        });
      } catch (error) {
        request.log.warn({ reqId: request.id, err: error }, "an event stream broke off");
      } finally {
        stream.end();
        streams.delete(stream);
      }
    },
  );
  app.addHook("preClose", async () => {
    for (const stream of streams) stream.end();
  });
}

function lastEventId({ headers }: FastifyRequest): number | undefined {
  const id = headers["last-event-id"];
  if (id === undefined || id === "") return undefined;
  const seq = Number(id);
  if (Number.isSafeInteger(seq) && seq >= 0) return seq;
  throw new ApiProblem("invalid_request", "last-event-id: must be a ledger sequence", {
    errors: [{ parameter: "last-event-id", detail: "must be a ledger sequence" }],
  });
}

function fits(item: LedgerItem, { type, kind, device_id: devices }: Query): boolean {
  return (
    (type === undefined || type.includes(item.type)) &&
    (kind === undefined || kind.includes(item.kind)) &&
    (devices === undefined || devices.some((id) => id === item.device_id))
  );
}
