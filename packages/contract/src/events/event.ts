// All ledger events as one discriminated union (spec §3.2).
import { z } from "zod";
import type { DeviceId } from "../ids.ts";
import { subjects } from "../subjects.ts";
import { AGENT_EVENTS } from "./agent.ts";
import { COMMAND_EVENTS } from "./command.ts";
import { FLEET_EVENTS } from "./fleet.ts";
import { OBSERVED_EVENTS } from "./observed.ts";

export const EVENTS = [...AGENT_EVENTS, ...COMMAND_EVENTS, ...OBSERVED_EVENTS, ...FLEET_EVENTS] as const;

/** An event as our writers make it and our readers read it. */
export const LedgerEvent = z.discriminatedUnion("type", EVENTS);
export type LedgerEvent = z.infer<typeof LedgerEvent>;
export type EventType = LedgerEvent["type"];
export type EventOf<T extends EventType> = Extract<LedgerEvent, { type: T }>;

export const EVENT_TYPES: readonly EventType[] = EVENTS.map((schema) => schema.shape.type.value);

/** The one subject on which an event of this type is stored (spec §3.2, table). */
export function subjectOf(event: LedgerEvent): string {
  return event.device_id === undefined ? subjects.artifact() : subjectFor(event.type, event.device_id);
}

/** The one subject on which a device's events of this type are stored. */
export function subjectFor(type: EventType, deviceId: DeviceId): string {
  switch (type) {
    case "started":
    case "draining":
    case "staging":
    case "verifying":
    case "cutover-ready":
    case "stopping":
    case "stop-refused":
    case "done":
    case "failed":
    case "reverted":
    case "superseded":
      return subjects.deviceState(deviceId);
    case "desired-version":
    case "upgrade-stop":
      return subjects.command(deviceId, type);
    case "agent-observed":
    case "agent-silent":
      return subjects.observedAgent(deviceId);
    case "stalled":
      return subjects.observedUpgrade(deviceId);
    case "upgrade-scheduled":
    case "schedule-ended":
      return subjects.schedule(deviceId);
    case "enrolled":
    case "revoked":
      return subjects.identity(deviceId);
    case "artifact-published":
      return subjects.artifact();
  }
}
