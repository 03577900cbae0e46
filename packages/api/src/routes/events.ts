import { createHash } from "node:crypto";
import { DeviceId } from "@upgrade-ledger/contract";
import type { RawEntry } from "@upgrade-ledger/ledger";
import { z } from "zod";
import type { App } from "../app/create-app.ts";
import { answers } from "../app/responses.ts";
import { IMMUTABLE } from "../app/security-headers.ts";
import type { ApiContext } from "../context.ts";
import { fingerprint } from "../paging/page-token.ts";
import { presentLedgerItem } from "../present/ledger-item.ts";
import { ApiProblem } from "../problem/problem.ts";
import { LedgerItem, LedgerItemDetail } from "../schema/event.ts";
import { anyOf, pageOf, pageQuery } from "../schema/page.ts";
import { Seq } from "../schema/seq.ts";

const Query = z.strictObject({
  type: anyOf(z.string().min(1).max(128)),
  device_id: anyOf(DeviceId),
  kind: anyOf(z.enum(["event", "unknown", "quarantined"])),
  from_seq: Seq.optional(),
  to_seq: Seq.optional(),
  /** `desc`: newest first. */
  order: z.enum(["asc", "desc"]).default("asc"),
  ...pageQuery,
});
type Query = z.infer<typeof Query>;

/** Messages that one request reads at most: a page of a rare type ends early, with a token that goes on. */
const READ_AT_MOST = 5_000;

/** `GET /v1/events` and `/v1/events/{seq}` */
export function eventRoutes(app: App, context: ApiContext): void {
  app.get(
    "/v1/events",
    {
      schema: {
        summary: "The ledger, event by event",
        description:
          "A page may hold fewer events than `page_size`, even none, and still not be the last one: only an empty `next_page_token` ends the list.",
        tags: ["events"],
        querystring: Query,
        response: answers(pageOf(LedgerItem)),
      },
    },
    async ({ query }) => listEvents(context, query),
  );
  app.get(
    "/v1/events/:seq",
    {
      schema: {
        summary: "One event with its headers and its bytes",
        tags: ["events"],
        params: z.object({ seq: Seq }),
        querystring: z.strictObject({}),
        response: answers(LedgerItemDetail),
      },
    },
    async ({ params }, reply) => {
      const raw = await context.ledger.getRaw(params.seq);
      if (raw === undefined) throw new ApiProblem("event_unknown", `The ledger has no event ${params.seq}.`);
      void reply.header("cache-control", IMMUTABLE);
      return {
        ...presentLedgerItem(raw),
        headers: Object.fromEntries([...(raw.headers ?? [])].map(([name, values]) => [name, values])),
        raw: Buffer.from(raw.data).toString("base64"),
        hash: `sha256:${createHash("sha256").update(raw.data).digest("hex")}`,
      };
    },
  );
}

/** The part of the ledger that a page looks at, both ends included; empty when `from` is greater. */
interface Range {
  readonly from: number;
  readonly to: number;
}

async function listEvents(context: ApiContext, query: Query) {
  const request = fingerprint("events", query);
  const position = context.tokens.read(query.page_token, request);
  // Pages of one list end where the ledger ended when the first one was asked for.
  const end =
    position === undefined
      ? Math.min(query.to_seq ?? Infinity, (await context.ledger.head()).lastSeq)
      : Number(position.pin);
  const whole: Range = { from: query.from_seq ?? 1, to: end };
  const asc = query.order === "asc";
  const rest: Range =
    position === undefined
      ? whole
      : asc
        ? { ...whole, from: position.offset }
        : { ...whole, to: position.offset };
  const found = asc
    ? await collectForward(context, rest, query)
    : await collectBackward(context, rest, query);
  const more = asc ? found.next <= whole.to : found.next >= whole.from;
  return {
    items: found.items,
    next_page_token: more ? context.tokens.make(request, { pin: end, offset: found.next }) : "",
  };
}

interface Found {
  readonly items: LedgerItem[];
  /** The first sequence that the next page looks at. */
  readonly next: number;
}

async function collectForward(context: ApiContext, range: Range, query: Query): Promise<Found> {
  const items: LedgerItem[] = [];
  const last = Math.min(range.to, range.from + READ_AT_MOST - 1);
  if (range.from > range.to) return { items, next: range.to + 1 };
  for await (const raw of context.ledger.readRaw({ fromSeq: range.from, toSeq: last })) {
    keepIfWanted(items, raw, query);
    if (items.length === query.page_size) return { items, next: raw.seq + 1 };
  }
  return { items, next: last + 1 };
}

async function collectBackward(context: ApiContext, range: Range, query: Query): Promise<Found> {
  const items: LedgerItem[] = [];
  const lowest = Math.max(range.from, range.to - READ_AT_MOST + 1);
  let to = range.to;
  while (to >= lowest) {
    const from = Math.max(lowest, to - query.page_size + 1);
    const chunk: RawEntry[] = [];
    for await (const raw of context.ledger.readRaw({ fromSeq: from, toSeq: to })) chunk.push(raw);
    for (const raw of chunk.toReversed()) {
      keepIfWanted(items, raw, query);
      if (items.length === query.page_size) return { items, next: raw.seq - 1 };
    }
    to = from - 1;
  }
  return { items, next: to };
}

function keepIfWanted(items: LedgerItem[], raw: RawEntry, query: Query): void {
  const item = presentLedgerItem(raw);
  if (query.type !== undefined && !query.type.includes(item.type)) return;
  if (query.kind !== undefined && !query.kind.includes(item.kind)) return;
  if (query.device_id !== undefined && !query.device_id.some((id) => id === item.device_id)) return;
  items.push(item);
}
