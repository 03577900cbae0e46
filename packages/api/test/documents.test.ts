// What is written down about the API and made from its code. `npx vitest run packages/api -u` writes it anew.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { PROBLEMS } from "../src/index.ts";
import { startWorld, type World } from "./world.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

const Operation = z.looseObject({
  summary: z.string(),
  tags: z.array(z.string()),
  responses: z.record(z.string(), z.unknown()),
});
const OpenApi = z.looseObject({
  openapi: z.literal("3.1.0"),
  paths: z.record(z.string(), z.record(z.string(), Operation)),
  components: z.looseObject({ schemas: z.record(z.string(), z.unknown()) }),
});

async function openApi(): Promise<string> {
  const { json } = await world.get("/openapi.json");
  return `${JSON.stringify(json, null, 2)}\n`;
}

describe("openapi.json", () => {
  it("is the committed one", async () => {
    await expect(await openApi()).toMatchFileSnapshot("../generated/openapi.json");
  });

  it("is valid, and every reference leads somewhere", async () => {
    const text = await openApi();
    const document = OpenApi.parse(JSON.parse(text));
    const references = [...text.matchAll(/"\$ref": "#\/components\/schemas\/([^"]+)"/g)].map(
      ([, name]) => name ?? "",
    );
    expect(references.length).toBeGreaterThan(0);
    for (const name of new Set(references)) expect(Object.keys(document.components.schemas)).toContain(name);
  });

  it("has the routes that exist now", async () => {
    const { paths } = OpenApi.parse(JSON.parse(await openApi()));
    const routes = Object.entries(paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(routes.toSorted()).toMatchInlineSnapshot(`
      [
        "GET /livez",
        "GET /metrics",
        "GET /readyz",
        "GET /v1/artifacts",
        "GET /v1/artifacts/{version}/content",
        "GET /v1/devices",
        "GET /v1/devices/{device_id}",
        "GET /v1/devices/{device_id}/events",
        "GET /v1/devices/{device_id}/replay",
        "GET /v1/devices/{device_id}/upgrades",
        "GET /v1/devices/{device_id}/versions",
        "GET /v1/events",
        "GET /v1/events/export",
        "GET /v1/events/stream",
        "GET /v1/events/{seq}",
        "GET /v1/fleet/summary",
        "GET /v1/quarantine",
        "GET /v1/upgrades/{upgrade_id}",
        "POST /v1/devices/{device_id}/enrolment",
        "PUT /v1/artifacts/{version}",
        "PUT /v1/artifacts/{version}/content",
        "PUT /v1/devices/{device_id}/desired-version",
      ]
    `);
  });

  it("mentions every route in docs/api.md", async () => {
    const { paths } = OpenApi.parse(JSON.parse(await openApi()));
    const guide = readFileSync(new URL("../../../docs/api.md", import.meta.url), "utf8");
    for (const path of Object.keys(paths)) expect(guide).toContain(path);
  });

  it("has a page to browse it", async () => {
    const { status, text } = await world.get("/docs/");
    expect(status).toBe(200);
    expect(text).toContain("swagger-ui");
  });
});

describe("docs/errors.md", () => {
  it("holds the whole table of problems", async () => {
    const sections = Object.entries(PROBLEMS).map(
      ([code, { status, title, meaning, remedy }]) =>
        `## ${code}\n\n**${status} · ${title}.** ${meaning}\n\nWhat to do: ${remedy}\n`,
    );
    const text = `${INTRODUCTION}\n${sections.join("\n")}`;
    await expect(text).toMatchFileSnapshot("../../../docs/errors.md");
  });

  it("every problem is provoked by a test", () => {
    const folder = fileURLToPath(new URL(".", import.meta.url));
    const tests = readdirSync(folder)
      .filter((name) => name.endsWith(".test.ts") && name !== "documents.test.ts")
      .map((name) => readFileSync(`${folder}/${name}`, "utf8"))
      .join("\n");
    expect(Object.keys(PROBLEMS).filter((code) => !tests.includes(`"${code}"`))).toEqual([]);
  });
});

const INTRODUCTION = `# Errors of the HTTP API

Every error is a problem (RFC 9457, \`application/problem+json\`):

\`\`\`json
{
  "type": "urn:upgrade-ledger:problem:device_unknown",
  "code": "device_unknown",
  "title": "No such device",
  "status": 404,
  "detail": "No device pi-0042 has been seen.",
  "instance": "urn:upgrade-ledger:request:3066c0ae-bb15-4681-b570-3fb68ee0b042"
}
\`\`\`

Programs rely on \`code\` (or \`type\`, which holds it) and \`status\`; \`title\` and \`detail\` are for people and may change.
\`errors\`, where there is one, lists each fault with its place: \`pointer\` (JSON Pointer into the body) or \`parameter\`
(path or query parameter, or header). \`instance\` names the request as the service's log does.

This file is made from \`packages/api/src/problem/problems.ts\`; a test compares the two.
`;
