import { deviceProjection, type DeviceDocument } from "@upgrade-ledger/projections";

const VERSIONS = ["0.1.0", "0.1.1", "0.1.2", "0.1.10", "0.2.0-rc.1"] as const;
const HOUR_MS = 3_600_000;

/** A made-up device like those that the projector stores; always the same for the same number. */
export function deviceOf(number: number): DeviceDocument {
  const id = `pi-${String(number).padStart(6, "0")}`;
  const since = new Date(Date.UTC(2026, 0, 1) + ((number * 7_919) % 8_000) * HOUR_MS).toISOString();
  const version = VERSIONS[number % VERSIONS.length] ?? "unknown";
  return {
    ...deviceProjection.initial(id),
    phase_since: since,
    current_version: version,
    desired_version: number % 3 === 0 ? "0.1.10" : version,
    first_seen_at: since,
    instances: [
      {
        instance_id: `instance-${number}`,
        role: "active",
        current_version: version,
        agent_state: "running",
        observed_version: version,
        first_seen_at: since,
        first_seen_seq: number + 1,
        last_observed_at: since,
        last_observed_seq: number + 1,
        observed_event_id: `event-${number}`,
        silent_since: null,
      },
    ],
    valid_at_seq: number + 1,
    valid_at_time: since,
  };
}
