import swagger from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from "fastify-type-provider-zod";
import { apiSchemas } from "../schema/registry.ts";
import type { App } from "./create-app.ts";

const TAGS = [
  { name: "devices", description: "Current state, history, and what they are to run" },
  { name: "upgrades", description: "Single attempts" },
  { name: "fleet", description: "Counts over all devices" },
  { name: "artifacts", description: "What can be installed" },
  { name: "events", description: "The ledger itself, and what was rejected" },
  { name: "operations", description: "Health" },
];

/** The OpenAPI 3.1 document, made from the routes' schemas, at `/openapi.json`, and a page to browse it at `/docs`. */
export async function describeApi(app: App, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Upgrade ledger",
        version,
        description:
          "Who runs which version, since when, and why. Every list is `{items, next_page_token}`; errors are problems (RFC 9457); `ledger-seq` and `ledger-head-seq` say how fresh an answer is; `ledger-min-seq` with `Prefer: wait=5` waits for one's own write.",
        license: { name: "UNLICENSED", identifier: "LicenseRef-UNLICENSED" },
      },
      servers: [{ url: "/" }],
      tags: TAGS,
    },
    transform: createJsonSchemaTransform({ schemaRegistry: apiSchemas, skipList: ["/openapi.json"] }),
    transformObject: createJsonSchemaTransformObject({ schemaRegistry: apiSchemas }),
  });
  await app.register(swaggerUi, {
    routePrefix: "/docs",
    uiConfig: { docExpansion: "list", deepLinking: true },
  });
}

/** Serves the document. After the routes, of which it tells. */
export function serveOpenApi(app: App): void {
  app.get("/openapi.json", { schema: { hide: true } }, async (_request, reply) =>
    reply.type("application/json").send(JSON.stringify(app.swagger())),
  );
}
