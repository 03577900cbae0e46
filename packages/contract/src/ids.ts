// Identifiers that cross the wire (spec §2). Branded, so that a device's id is never passed where an upgrade's is meant.
import { z } from "zod";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[78][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const EVENT_REF =
  /^(?:[0-9a-f]{8}-[0-9a-f]{4}-[78][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}|seq:[1-9][0-9]{0,15})$/;

/** One RFC 1123 label (spec §2); it is one subject token, so it holds no dots. */
export const DeviceId = z
  .string()
  .regex(
    /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
    "must be one RFC 1123 label: a-z, 0-9 and inner hyphens, at most 63",
  )
  .brand<"DeviceId">();
export type DeviceId = z.infer<typeof DeviceId>;

/** UUIDv7 made at process start (spec §2). A foreign agent may use any token as its instance in heartbeats. */
export const InstanceId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/, "must be one subject token of at most 64 letters, digits, - or _")
  .brand<"InstanceId">();
export type InstanceId = z.infer<typeof InstanceId>;

/** UUIDv7, or UUIDv8 where it is derived from content; lower case (spec §3.2). */
export const EventId = z.string().regex(UUID, "must be a lower-case UUIDv7 or UUIDv8").brand<"EventId">();
export type EventId = z.infer<typeof EventId>;

/** A client-made UUIDv7, as an `Idempotency-Key` must be (spec §6). */
export const FreshEventId = z.string().regex(UUID_V7, "must be a lower-case UUIDv7").brand<"EventId">();

/** What `caused_by` cites: an event id, or `seq:<n>` for an event of a foreign agent, which has none (spec §3.2). */
export const EventRef = z.string().regex(EVENT_REF, "must be an event id or seq:<n>").brand<"EventRef">();
export type EventRef = z.infer<typeof EventRef> | EventId;

/** The `event_id` of the `desired-version` event that asked for the upgrade (spec §2). */
export const UpgradeId = z.string().regex(UUID, "must be a lower-case UUIDv7 or UUIDv8").brand<"UpgradeId">();
export type UpgradeId = z.infer<typeof UpgradeId>;

/** The upgrade that a `desired-version` event opens: the same UUID under its other name (spec §2). */
export function upgradeIdOf(eventId: EventId): UpgradeId {
  return UpgradeId.parse(eventId);
}
