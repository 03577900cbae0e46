import type { AnomalyCounts, DeviceDocument } from "./document.ts";

function noAnomalies(): AnomalyCounts {
  return {
    duplicate: 0,
    gap: 0,
    out_of_order: 0,
    late: 0,
    unknown: 0,
    clock_skew: 0,
    unrequested_version: 0,
    ended_without_stop: 0,
  };
}

/** A device of which nothing is known yet. */
export function initialDevice(deviceId: string): DeviceDocument {
  return {
    device_id: deviceId,
    phase: "running",
    phase_since: null,
    current_version: "unknown",
    desired_version: null,
    upgrade: null,
    queued: null,
    last_upgrade: null,
    schedule: null,
    unrequested: null,
    instances: [],
    anomalies: noAnomalies(),
    policy: "pinned",
    enrolment: null,
    first_seen_at: null,
    last_error: null,
    last_command_seq: 0,
    last_stop_seq: 0,
    bookkeeping: {
      writers: [],
      quiet_writers: [],
      recent_event_ids: [],
      recent_upgrade_ids: [],
      unplaced: 0,
    },
    valid_at_seq: 0,
    valid_at_time: null,
  };
}
