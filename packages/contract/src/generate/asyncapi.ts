// The contract as an AsyncAPI 3.1 document: subjects, messages, who publishes and who listens.
import { type Channel, CHANNELS } from "./channels.ts";
import { type Json, jsonSchemaOf, type Published, PUBLISHED } from "./json-schema.ts";

const PARAMETERS: Readonly<Record<string, string>> = {
  device_id: "The device: one RFC 1123 label.",
  instance_id: "One run of an agent.",
};

/** `events/cutover-ready.schema.json` → `cutover-ready`: the name of message and schema in the document. */
const nameOf = (file: string) => file.replace(/^.*\//, "").replace(/\.schema\.json$/, "");
const fromEntries = <T>(entries: readonly (readonly [string, T])[]) => Object.fromEntries(entries);
const ref = (path: string) => ({ $ref: `#/${path}` });

/** What is a message of some channel; an artifact, say, is only a part of one. */
const MESSAGES = PUBLISHED.filter(({ file }) => CHANNELS.some(({ files }) => files.includes(file)));

/** Makes the whole document; the same contract always gives the same document. */
export function asyncApi(): Json {
  return {
    asyncapi: "3.1.0",
    info: {
      title: "The upgrade ledger",
      version: "1.0.0",
      description:
        "What crosses the wire between agents, operator and readers of the upgrade ledger. Payloads are UTF-8 JSON of at most " +
        "64 KiB. Unknown fields are kept, not refused. The roles that send on and receive from a channel are the tags of its operations.",
    },
    defaultContentType: "application/json",
    channels: fromEntries(CHANNELS.map((channel) => [channel.name, channelOf(channel)])),
    operations: fromEntries(CHANNELS.flatMap(operationsOf)),
    components: {
      messages: fromEntries(MESSAGES.map((published) => [nameOf(published.file), messageOf(published)])),
      schemas: schemas(),
    },
  };
}

function channelOf({ address, description, files }: Channel): Json {
  const names = [...address.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? "");
  return {
    address,
    description,
    ...(names.length === 0
      ? {}
      : { parameters: fromEntries(names.map((name) => [name, { description: PARAMETERS[name] }])) }),
    messages: fromEntries(files.map((file) => [nameOf(file), ref(`components/messages/${nameOf(file)}`)])),
  };
}

function operationsOf({ name, publishers, subscribers, files }: Channel): [string, Json][] {
  const operation = (action: "send" | "receive", roles: readonly string[]): Json => ({
    action,
    channel: ref(`channels/${name}`),
    tags: roles.map((role) => ({ name: role })),
    messages: files.map((file) => ref(`channels/${name}/messages/${nameOf(file)}`)),
  });
  return [
    [`${name}.send`, operation("send", publishers)],
    [`${name}.receive`, operation("receive", subscribers)],
  ];
}

function messageOf(published: Published): Json {
  const name = nameOf(published.file);
  return {
    name,
    title: published.title,
    summary: published.description,
    contentType: "application/json",
    ...(published.file.startsWith("events/") && name !== "foreign"
      ? { headers: ref("components/schemas/Headers") }
      : {}),
    payload: ref(`components/schemas/${name}`),
  };
}

/** Each message's schema, and the shared definitions once. */
function schemas(): Json {
  const all: Record<string, unknown> = { Headers: HEADERS_SCHEMA };
  for (const published of MESSAGES) {
    const { $schema: _, definitions, ...schema } = jsonSchemaOf(published, "draft-07");
    Object.assign(all, relocated(definitions ?? {}), { [nameOf(published.file)]: relocated(schema) });
  }
  return all;
}

const HEADERS_SCHEMA: Json = {
  type: "object",
  properties: {
    "Nats-Msg-Id": { type: "string", description: "The event_id: appending twice stores once." },
    "Ledger-Signature": { type: "string", description: "Base64 Ed25519 signature over the payload's bytes." },
  },
  required: ["Nats-Msg-Id"],
};

/** References into a schema's own definitions become references into the document's. */
function relocated(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(relocated);
  if (typeof value !== "object" || value === null) return value;
  return fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      name === "$ref" && typeof inner === "string"
        ? inner.replace("#/definitions/", "#/components/schemas/")
        : relocated(inner),
    ]),
  );
}
