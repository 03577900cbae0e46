// What every ledger event carries (spec §3.2).
import { z } from "zod";
import { DeviceId, EventId, EventRef, InstanceId, UpgradeId } from "../ids.ts";
import { Timestamp } from "../time.ts";
import { Version } from "../version.ts";

export const SCHEMA_VERSION = 1;
/** Largest payload that the ledger takes (spec §3). */
export const MAX_EVENT_BYTES = 64 * 1024;

export const WriterRole = z.enum(["agent", "coordinator", "observer", "api", "cli", "rollout"]);
export type WriterRole = z.infer<typeof WriterRole>;

export const ChainHash = z
  .string()
  .regex(/^sha256:[0-9a-f]{64}$/, "must be sha256:<64 lower-case hex digits>");

/** Who wrote an event, and its place in that instance's chain of events about one device (spec §3.2, Chain). */
export const Writer = z
  .looseObject({
    role: WriterRole,
    instance_id: InstanceId,
    version: Version,
    sequence: z.int().positive(),
    prev_hash: ChainHash.nullable(),
  })
  .meta({ id: "Writer" });
export type Writer = z.infer<typeof Writer>;

/** A person or program that asked for something: `local:ada`, `key:ci`, `oidc:…` (spec §8). */
export const Actor = z.string().min(1).max(256);
export const Reason = z.string().max(1024);
/** At most 4 KiB, with the self-test's output (spec §3.2). */
export const LastError = z.string().max(4096);

const common = {
  schema_version: z.literal(SCHEMA_VERSION),
  event_id: EventId,
  occurred_at: Timestamp,
  writer: Writer,
  caused_by: z.array(EventRef).max(64).default([]),
  /** W3C trace id of the request that led to the event, if one came with a `traceparent`. */
  trace_id: z
    .string()
    .regex(/^[0-9a-f]{32}$/)
    .optional(),
};

/** An event about one device that belongs to an upgrade. */
export function upgradeEvent<T extends string, S extends z.ZodRawShape>(type: T, shape: S) {
  return z
    .looseObject({ ...common, type: z.literal(type), device_id: DeviceId, upgrade_id: UpgradeId, ...shape })
    .meta({ id: type });
}

/** An event about one device that may stand outside any upgrade. */
export function deviceEvent<T extends string, S extends z.ZodRawShape>(type: T, shape: S) {
  return z
    .looseObject({
      ...common,
      type: z.literal(type),
      device_id: DeviceId,
      upgrade_id: UpgradeId.optional(),
      ...shape,
    })
    .meta({ id: type });
}

/** An event about no single device. */
export function fleetEvent<T extends string, S extends z.ZodRawShape>(type: T, shape: S) {
  return z
    .looseObject({
      ...common,
      type: z.literal(type),
      device_id: z.never().optional(),
      upgrade_id: z.never().optional(),
      ...shape,
    })
    .meta({ id: type });
}
