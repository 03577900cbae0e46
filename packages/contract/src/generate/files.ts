// All generated files as text, so that the command writes and the tests compare the very same bytes.
import { asyncApi } from "./asyncapi.ts";
import { jsonSchemaOf, PUBLISHED } from "./json-schema.ts";

const text = (json: unknown) => `${JSON.stringify(json, null, 2)}\n`;

/** Path below `generated/` → content. Deterministic. */
export function generatedFiles(): ReadonlyMap<string, string> {
  return new Map([
    ...PUBLISHED.map((published): [string, string] => [
      published.file,
      text(jsonSchemaOf(published, "draft-2020-12")),
    ]),
    ["asyncapi.json", text(asyncApi())],
  ]);
}
