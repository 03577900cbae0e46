import { z } from "zod";
import type { App } from "../app/create-app.ts";
import { answers } from "../app/responses.ts";
import type { ApiContext } from "../context.ts";
import { ApiProblem } from "../problem/problem.ts";
import { Health, type HealthCheck } from "../schema/health.ts";

/** `GET /livez`: the process answers. `GET /readyz`: it answers truly. */
export function healthRoutes(app: App, context: ApiContext, natsConnected: () => boolean): void {
  app.get(
    "/livez",
    { schema: { summary: "Whether the process is alive", tags: ["operations"], response: answers(Health) } },
    async () => ({ status: "ok" as const, version: context.version }),
  );
  app.get(
    "/readyz",
    {
      schema: {
        summary: "Whether the service is ready; `verbose` lists the checks",
        tags: ["operations"],
        querystring: z.strictObject({ verbose: z.string().max(8).optional() }),
        response: answers(Health),
      },
    },
    async ({ query }) => {
      const checks = [...ownChecks(context, natsConnected()), ...context.checks()];
      const failed = checks.filter(({ ok }) => !ok);
      if (failed.length > 0) {
        const detail = failed.map((check) => `${check.name}: ${check.detail}`).join("; ");
        throw new ApiProblem("not_ready", detail, { extra: { checks } });
      }
      return {
        status: "ok" as const,
        version: context.version,
        ...(query.verbose === undefined ? {} : { checks }),
      };
    },
  );
}

function ownChecks(context: ApiContext, connected: boolean): HealthCheck[] {
  const { model, head, settings } = context;
  const lag = Math.max(0, head.seq - model.progress.seq);
  return [
    { name: "nats", ok: connected, detail: connected ? "connected" : "not connected to the NATS server" },
    {
      name: "documents",
      ok: model.loaded,
      detail: model.loaded ? "loaded" : "still loading the projections",
    },
    {
      name: "projections",
      ok: lag <= settings.readyMaxLag,
      detail: `at ${model.progress.seq} of ${head.seq}, ${lag} behind`,
    },
  ];
}
