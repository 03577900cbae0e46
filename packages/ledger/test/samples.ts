// Events for the tests of this package.
import {
  DeviceId,
  EventRef,
  LedgerEvent,
  subjectOf,
  subjects,
  type LedgerEntry,
  type UpgradeId,
  upgradeIdOf,
  Version,
} from "@upgrade-ledger/contract";
import { encodeEvent, newEventId, newInstanceId } from "../src/index.ts";
import type { EncodedEvent, Expectation } from "../src/index.ts";

export const INSTANCE = newInstanceId();

/** A `started` event of a device's agent: the simplest event on `device-state`. */
export function started(deviceId: string, change: Record<string, unknown> = {}): LedgerEvent {
  return LedgerEvent.parse({
    schema_version: 1,
    event_id: newEventId(),
    type: "started",
    device_id: deviceId,
    occurred_at: "2026-05-06T22:51:14.000Z",
    writer: { role: "agent", instance_id: INSTANCE, version: "0.1.1", sequence: 1, prev_hash: null },
    caused_by: [],
    boot_reason: "restart",
    previous_version: null,
    ...change,
  });
}

/** A cancellation: an event that an operator may write on `operator-cmd`. */
export function cancelled(deviceId: string, change: Record<string, unknown> = {}): LedgerEvent {
  return LedgerEvent.parse({
    schema_version: 1,
    event_id: newEventId(),
    type: "desired-version",
    device_id: deviceId,
    upgrade_id: newEventId(),
    occurred_at: "2026-05-06T22:51:14.000Z",
    writer: { role: "api", instance_id: INSTANCE, version: "0.1.1", sequence: 1, prev_hash: null },
    caused_by: [],
    desired_version: null,
    artifact: null,
    actor: "local:ada",
    reason: "a test",
    ...change,
  });
}

export function encoded(event: LedgerEvent, expect?: Expectation): EncodedEvent {
  return { eventId: event.event_id, subject: subjectOf(event), data: encodeEvent(event), expect };
}

export const desiredSubject = (deviceId: string) => subjects.command(deviceId, "desired-version");

export function eventIdOf(entry: LedgerEntry): string {
  if (entry.decoded.kind !== "event") throw new Error(`sequence ${entry.seq} is ${entry.decoded.kind}`);
  return entry.decoded.event.event_id;
}

export const device = (id: string) => DeviceId.parse(id);
export const version = (text: string) => Version.parse(text);
export const eventRef = (text: string) => EventRef.parse(text);
export const upgrade = (): UpgradeId => upgradeIdOf(newEventId());
