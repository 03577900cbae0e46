// Where an event with a derived id is stored, by whomever.
import { subjectFor, type DeviceId, type EventType } from "@upgrade-ledger/contract";
import type { AppendOutcome } from "@upgrade-ledger/ledger";

/**
 * The sequence at which the ledger holds the event, or `undefined` if it does not hold it. An id that another writer's event has
 * on the same subject is the same news said first by another operator; on another subject it would be somebody else's event.
 */
export function storedSeq(outcome: AppendOutcome, type: EventType, deviceId: DeviceId): number | undefined {
  switch (outcome.kind) {
    case "stored":
    case "already-stored":
      return outcome.seq;
    case "id-taken":
      return outcome.subject === subjectFor(type, deviceId) ? outcome.seq : undefined;
    case "conflict":
    case "refused":
      return undefined;
  }
}
