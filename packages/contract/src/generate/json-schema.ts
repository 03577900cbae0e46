// The contract as JSON Schema 2020-12 files, for agents in any language.
import { z } from "zod";
import { Artifact } from "../artifact.ts";
import { DesiredInfo, DesiredState, DeviceInfo, WorkloadState } from "../documents.ts";
import { EVENTS, type EventType } from "../events/event.ts";
import { ForeignPayload } from "../events/foreign.ts";
import { EVENT_SUMMARY } from "../events/summary.ts";
import { Heartbeat } from "../heartbeat.ts";

/** What one schema file is made from. */
export interface Published {
  /** Its path below `generated/`. */
  readonly file: string;
  readonly title: string;
  readonly description: string;
  readonly schema: z.ZodType;
}

/** A JSON document. */
export type Json = Readonly<Record<string, unknown>>;

export const eventFile = (type: EventType) => `events/${type}.schema.json`;

/** Everything that crosses the wire and is not an event. */
const OTHERS: readonly Published[] = [
  {
    file: "events/foreign.schema.json",
    title: "Event of schema version 0",
    description: "What an agent publishes that knows only the ADR.",
    schema: ForeignPayload,
  },
  {
    file: "heartbeat.schema.json",
    title: "Heartbeat",
    description: "What an agent instance says of itself, again and again; never stored in the ledger.",
    schema: Heartbeat,
  },
  {
    file: "artifact.schema.json",
    title: "Artifact",
    description: "What a device downloads.",
    schema: Artifact,
  },
  {
    file: "documents/device-info.schema.json",
    title: "Device information",
    description: "Bucket device-info, key info.<device_id>: written by the active agent.",
    schema: DeviceInfo,
  },
  {
    file: "documents/desired-info.schema.json",
    title: "Desired version, mirrored",
    description: "Bucket device-info, key desired.<device_id>: for readers of the ADR; no agent acts on it.",
    schema: DesiredInfo,
  },
  {
    file: "documents/desired-state.schema.json",
    title: "Desired state",
    description: "Bucket desired-state, key <device_id>: all deployments of a device.",
    schema: DesiredState,
  },
  {
    file: "documents/workload-state.schema.json",
    title: "Workload state",
    description: "Bucket workload-state, key <device_id>: what runs, written by the active agent.",
    schema: WorkloadState,
  },
];

/** All schema files, events first. */
export const PUBLISHED: readonly Published[] = [
  ...EVENTS.map((schema) => {
    const type = schema.shape.type.value;
    return { file: eventFile(type), title: `${type} event`, description: EVENT_SUMMARY[type], schema };
  }),
  ...OTHERS,
];

/**
 * A schema as what a *writer* must send: fields with a default may be left out, and further fields are allowed.
 *
 * @param target `draft-07` where AsyncAPI embeds it
 */
export function jsonSchemaOf(published: Published, target: "draft-2020-12" | "draft-07"): Json {
  const { $schema, $ref, $defs, definitions, ...schema } = z.toJSONSchema(published.schema, {
    io: "input",
    target,
  });
  // zod puts a named schema among its own definitions and refers to it: here it stands at the top.
  const own = $ref?.replace(/^#\/(\$defs|definitions)\//, "");
  const shared = Object.entries($defs ?? definitions ?? {});
  const body = shared.find(([name]) => name === own)?.[1];
  const others = shared.filter(([name]) => name !== own);
  return {
    $schema,
    title: published.title,
    description: published.description,
    ...schema,
    ...(typeof body === "object" && body !== null ? body : {}),
    ...(others.length === 0
      ? {}
      : { [target === "draft-07" ? "definitions" : "$defs"]: Object.fromEntries(others) }),
  };
}
