import { Readable } from "node:stream";
import { writeExport } from "@upgrade-ledger/ledger";
import { z } from "zod";
import type { App } from "../app/create-app.ts";
import { answersBytes } from "../app/responses.ts";
import type { ApiContext } from "../context.ts";

const NDJSON = "application/x-ndjson";

/** `GET /v1/events/export` */
export function exportRoute(app: App, context: ApiContext): void {
  app.get(
    "/v1/events/export",
    {
      schema: {
        summary: "The whole ledger as NDJSON, with a closing record",
        description:
          'Oldest first: `seq`, `subject`, `ledger_time`, `headers` and the bytes (`raw`, base64) of every message. The last line is `{"_end": true, "count", "last_seq", "sha256"}`; an answer without it is not whole.',
        tags: ["events"],
        querystring: z.strictObject({}),
        response: answersBytes(NDJSON),
      },
    },
    async (_request, reply) => {
      // Asked before the answer begins, so that a ledger that cannot be reached is a problem and no empty file.
      const { lastSeq } = await context.ledger.head();
      const entries = context.ledger.readRaw({ toSeq: lastSeq });
      void reply.type(NDJSON).header("ledger-seq", lastSeq);
      return reply.send(Readable.from(writeExport(entries)));
    },
  );
}
