import type { FastifyInstance } from "fastify";
import { z } from "zod";

const Schemas = z.looseObject({ 200: z.instanceof(z.ZodType) });

/** Checks answers that were sent as text against their schema, which Fastify does only for objects. */
export function checkTexts(app: FastifyInstance): void {
  app.addHook("onSend", async (request, reply, payload) => {
    const schemas = Schemas.safeParse(request.routeOptions.schema?.response);
    const isJson = String(reply.getHeader("content-type")).startsWith("application/json");
    if (reply.statusCode === 200 && isJson && schemas.success && typeof payload === "string") {
      schemas.data[200].parse(JSON.parse(payload));
    }
    return payload;
  });
}
