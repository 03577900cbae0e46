import type { FastifyInstance } from "fastify";

const QUIET = new Set(["/livez", "/readyz", "/metrics"]);
const TRACEPARENT = /^00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The trace id of an incoming W3C `traceparent`; `undefined` if there is none that is well-formed. */
export function traceIdOf(traceparent: unknown): string | undefined {
  return typeof traceparent === "string" ? TRACEPARENT.exec(traceparent)?.[1] : undefined;
}

/** One line per request, with the route's template, so that lines can be counted. Health checks and metrics are not logged. */
export function logRequests(app: FastifyInstance): void {
  app.addHook("onResponse", (request, reply, done) => {
    done();
    const route = request.routeOptions.url ?? "";
    if (QUIET.has(route)) return;
    const line = {
      reqId: request.id,
      method: request.method,
      route,
      path: request.url,
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime * 10) / 10,
      trace_id: traceIdOf(request.headers["traceparent"]),
    };
    if (reply.statusCode >= 500) request.log.error(line, "request");
    else request.log.info(line, "request");
  });
}
