import { z } from "zod";
import type { App } from "../app/create-app.ts";
import type { Metrics } from "../metrics/metrics.ts";

/** `GET /metrics`, for Prometheus. */
export function metricsRoute(app: App, { registry }: Metrics): void {
  app.get(
    "/metrics",
    {
      schema: {
        summary: "Metrics in the text format of Prometheus",
        tags: ["operations"],
        response: {
          200: { description: "See docs/metrics.md", content: { "text/plain": { schema: z.string() } } },
        },
      },
    },
    async (_request, reply) => {
      const text = await registry.metrics();
      return reply.type(registry.contentType).serializer(String).send(text);
    },
  );
}

/** Measures every request of the routes that are registered afterwards. */
export function measureRequests(app: App, metrics: Metrics): void {
  app.addHook("onResponse", (request, reply, done) => {
    metrics.sawRequest({
      method: request.method,
      route: request.routeOptions.url ?? "none",
      status: reply.statusCode,
      seconds: reply.elapsedTime / 1_000,
    });
    done();
  });
}
