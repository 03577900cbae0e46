// The generated files are those of today's schemas, say what the schemas say, and are what they claim to be.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { describe, expect, it } from "vitest";
import { EVENTS, type EventType, LedgerEvent } from "../src/index.ts";
import { CHANNELS } from "../src/generate/channels.ts";
import { generatedFiles } from "../src/generate/files.ts";
import { ARTIFACT, sample, SUBJECTS, TYPES, type WireEvent } from "./samples.ts";

const folder = fileURLToPath(new URL("../generated/", import.meta.url));
const committed = readdirSync(folder, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name).slice(folder.length));
const files = generatedFiles();

function validator(file: string): ValidateFunction {
  const ajv = new Ajv2020({ strict: true, allErrors: true });
  addFormats.default(ajv);
  return ajv.compile(JSON.parse(files.get(file) ?? "null"));
}

/** The channels on which an event of this type is stored. */
function storedOn(type: EventType): string[] {
  return CHANNELS.filter(
    ({ files: of, publishers }) =>
      of.includes(`events/${type}.schema.json`) && !publishers.includes("broker"),
  ).map(({ address }) => address.replace("{device_id}", "pi-0042"));
}

describe("generated/", () => {
  it("holds the files that the schemas give, no more and no fewer", () => {
    expect(committed.toSorted()).toEqual([...files.keys()].toSorted());
  });

  it.each([...files])("%s is up to date (else: npm run generate)", (path, content) => {
    expect(readFileSync(join(folder, path), "utf8")).toBe(content);
  });

  it("is the same each time", () => expect(generatedFiles()).toEqual(files));
});

describe.each(TYPES)("the JSON Schema of %s", (type) => {
  const validate = validator(`events/${type}.schema.json`);
  const shape = EVENTS.find((schema) => schema.shape.type.value === type)?.shape ?? {};

  it("takes the sample", () => {
    validate(sample(type));
    expect(validate.errors).toBeNull();
    expect(validate(sample(type, { from_the_future: 1 }))).toBe(true);
  });

  it.each(Object.keys(shape))("judges %s as the zod schema does", (field) => {
    const { [field]: _, ...without } = sample(type);
    const wrong: WireEvent[] = [
      without,
      ...[[], {}, -1, "", null].map((value) => sample(type, { [field]: value })),
    ];
    const verdicts = wrong.map((event) => ({ said: event[field], valid: validate(event) }));
    expect(verdicts).toEqual(
      wrong.map((event) => ({ said: event[field], valid: LedgerEvent.safeParse(event).success })),
    );
  });
});

describe("refinements", () => {
  const validate = validator("events/artifact-published.schema.json");
  it.each(["ftp://example.org/a", "https://user:secret@example.org/a", "example.org"])(
    "%s is no artifact's",
    (text) => {
      const event = sample("artifact-published", { artifact: { ...ARTIFACT, url: text } });
      expect(validate(event)).toBe(false);
    },
  );
  it("a cause is an event or a sequence", () => {
    expect(validate(sample("artifact-published", { caused_by: ["seq:7"] }))).toBe(true);
    expect(validate(sample("artifact-published", { caused_by: ["seq:0"] }))).toBe(false);
  });
});

describe("other schemas", () => {
  it("take a foreign agent's event, and a heartbeat", () => {
    expect(validator("events/foreign.schema.json")({ phase: "done" })).toBe(true);
    expect(validator("events/foreign.schema.json")({})).toBe(false);
    const heartbeat = {
      device_id: "pi",
      instance_id: "i1",
      current_version: "unknown",
      agent_state: "running",
      interval_ms: 10_000,
      sent_at: "2026-05-06T22:51:14Z",
    };
    expect(validator("heartbeat.schema.json")(heartbeat)).toBe(true);
    expect(validator("heartbeat.schema.json")({ ...heartbeat, agent_state: "dancing" })).toBe(false);
  });
});

describe("asyncapi.json", () => {
  it("is a valid AsyncAPI document without any warning", () => {
    const script = fileURLToPath(new URL("check-asyncapi.mjs", import.meta.url));
    const { stdout, stderr } = spawnSync(process.execPath, [script], {
      input: files.get("asyncapi.json"),
      encoding: "utf8",
      env: {},
    });
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toEqual({
      addresses: CHANNELS.map(({ address }) => address),
      diagnostics: [],
    });
  });

  it("has every event on its subject, and on no other that is stored", () => {
    const places = TYPES.map((type) => [type, storedOn(type)]);
    expect(Object.fromEntries(places)).toEqual(
      Object.fromEntries(TYPES.map((type) => [type, [SUBJECTS[type]]])),
    );
  });
});
