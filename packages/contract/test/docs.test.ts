// docs/events.md says everything that the schemas say: every type, field and code.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { EVENT_SUMMARY, EVENTS, Outcome, QUARANTINE_CODES } from "../src/index.ts";
import { jsonSchemaOf, PUBLISHED, type Published } from "../src/generate/json-schema.ts";
import { TYPES } from "./samples.ts";

const doc = readFileSync(new URL("../../../docs/events.md", import.meta.url), "utf8");

/** The text under a heading, to the next one of the same or a higher level. */
function section(heading: string, level: "##" | "###"): string {
  const parts = doc.split(new RegExp(`^${level === "##" ? "##" : "##+"} `, "m"));
  return parts.find((part) => part.startsWith(`${heading}\n`)) ?? "";
}

const described = (text: string) =>
  new Set([...text.matchAll(/^\| `([^`]+)` +\| +\S/gm)].map(([, name]) => name));

/** All fields below a schema, nested ones with dots; what has a section of its own is not entered. */
function fieldsIn(schema: unknown, prefix = ""): string[] {
  const properties = child(schema, "properties");
  return Object.entries(properties).flatMap(([name, inner]) => {
    const path = `${prefix}${name}`;
    const objects = [inner, ...Object.values(child(inner, "anyOf"))];
    return [path, ...objects.flatMap((one) => fieldsIn(one, `${path}.`))];
  });
}

function child(value: unknown, key: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || !(key in value)) return {};
  return { ...(value as Record<string, Record<string, unknown>>)[key] };
}

const publishedAt = (file: string): Published => {
  const found = PUBLISHED.find((one) => one.file === file);
  if (found === undefined) throw new Error(`nothing is published as ${file}`);
  return found;
};
const schemaOf = (file: string) => jsonSchemaOf(publishedAt(file), "draft-2020-12");
const common = EVENTS.map((schema) => Object.keys(schema.shape)).reduce((shared, keys) =>
  shared.filter((key) => keys.includes(key)),
);

describe("docs/events.md", () => {
  it("describes the envelope, without what is gone", () => {
    const writer = fieldsIn({
      properties: { writer: child(schemaOf("events/done.schema.json"), "$defs")["Writer"] },
    });
    expect([...described(section("Envelope", "##"))].toSorted()).toEqual(
      [...common, ...writer.slice(1)].toSorted(),
    );
  });

  it.each(TYPES)("describes %s: its summary, and each field, without what is gone", (type) => {
    const text = section(type, "###");
    expect(text).toContain(EVENT_SUMMARY[type]);
    const fields = fieldsIn(schemaOf(`events/${type}.schema.json`)).filter(
      (field) => !common.includes(field),
    );
    expect([...described(text)].toSorted()).toEqual(fields.toSorted());
  });

  it.each([
    ["Artifact", "artifact.schema.json", "artifact."],
    ["Heartbeat", "heartbeat.schema.json", ""],
    ["Agents that know only the ADR", "events/foreign.schema.json", ""],
  ])("describes each field of %s", (heading, file, prefix) => {
    const fields = fieldsIn(schemaOf(file)).map((field) => `${prefix}${field}`);
    expect([...described(section(heading, "##"))].toSorted()).toEqual(fields.toSorted());
  });

  const codes = new Set(
    PUBLISHED.filter(({ file }) => !file.startsWith("documents/")).flatMap(({ file }) =>
      enumsIn(schemaOf(file)),
    ),
  );
  it.each([...codes, ...Outcome.options, ...QUARANTINE_CODES])("explains the code %s", (code) => {
    expect(section("Codes", "##") + section("Envelope", "##") + section("schedule-ended", "###")).toContain(
      `\`${code}\``,
    );
  });

  it("explains no code that is gone", () => {
    const tables = section("Codes", "##");
    const known = new Set<string>([...codes, ...QUARANTINE_CODES]);
    expect([...described(tables)].filter((code) => !known.has(code ?? ""))).toEqual([]);
  });
});

function enumsIn(schema: unknown): string[] {
  if (typeof schema !== "object" || schema === null) return [];
  return Object.entries(schema).flatMap(([key, value]: [string, unknown]) =>
    key === "enum" && Array.isArray(value) ? value.map(String) : enumsIn(value),
  );
}
