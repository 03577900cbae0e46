// Devices in all states that time, heartbeats or events can bring about.
import { DeviceId, InstanceId, type ReadHeartbeat, ReportedVersion } from "@upgrade-ledger/contract";
import { deviceProjection, type EndedUpgrade, type UpgradeCommon } from "@upgrade-ledger/projections";
import * as fc from "fast-check";
import type { KnownDevice } from "../src/view/read-model.ts";

export const START_MS = Date.parse("2026-11-22T12:00:00.000Z");
export const IDS = ["pi-1", "pi-2", "pi-3", "kiosk-1", "kiosk-2"] as const;
export const INSTANCES = ["i-1", "i-2"] as const;

/** A heartbeat as the contract reads it. */
export function heartbeatOf(id: string, instance: string, intervalMs: number): ReadHeartbeat {
  return {
    device_id: DeviceId.parse(id),
    instance_id: InstanceId.parse(instance),
    current_version: ReportedVersion.parse("0.1.1"),
    agent_state: "running",
    upgrade_id: null,
    interval_ms: intervalMs,
    sent_at: null,
    progress: null,
  };
}

const moment = fc
  .integer({ min: -400_000, max: 400_000 })
  .map((offset) => new Date(START_MS + offset).toISOString());

const upgrade: fc.Arbitrary<UpgradeCommon> = fc
  .record({
    phase: fc.constantFrom("requested" as const, "staging" as const, "cutover-ready" as const),
    phaseSince: moment,
    found: fc.boolean(),
  })
  .map(({ phase, phaseSince, found }) => ({
    upgrade_id: "019ab3c4-7f00-7aaa-8000-0123456789ab",
    from_version: "0.1.1",
    to_version: "0.1.10",
    phase,
    phase_since: phaseSince,
    requested_at: phaseSince,
    requested_seq: 1,
    requested_by: "local:ada",
    reason: "test",
    last_error: null,
    reason_code: null,
    stop_event_id: null,
    agent_events: 0,
    updated_at: phaseSince,
    updated_seq: 1,
    cutover_ready: null,
    stops: [],
    stalled: found ? { event_id: "e", seq: 2, phase, since: phaseSince } : null,
    cancel: null,
  }));

const ended: fc.Arbitrary<EndedUpgrade> = fc
  .record({ upgrade, outcome: fc.constantFrom("done" as const, "failed" as const), verified: fc.boolean() })
  .map(({ upgrade: common, outcome, verified }) => ({
    ...common,
    outcome,
    completed_at: common.phase_since,
    ended_by: { event_id: "e", seq: 3, type: outcome },
    done_by: null,
    verified,
    verified_by: null,
    reverted: null,
  }));

/** Of a few ids, so that devices are replaced. */
export const arbitraryDevice: fc.Arbitrary<KnownDevice> = fc
  .record({
    id: fc.constantFrom(...IDS),
    version: fc.constantFrom("unknown", "0.1.1", "0.1.2-rc.1", "0.1.10"),
    desired: fc.constantFrom(null, "0.1.1", "0.1.10"),
    open: fc.option(upgrade),
    last: fc.option(ended),
    phaseSince: fc.option(moment),
    seq: fc.nat(),
  })
  .map(({ id, version, desired, open, last, phaseSince, seq }) => {
    const { bookkeeping: _ofTheFold, ...device } = deviceProjection.initial(id);
    return {
      ...device,
      phase: open?.phase ?? ("running" as const),
      phase_since: phaseSince,
      current_version: version,
      desired_version: desired,
      upgrade: open,
      last_upgrade: last,
      valid_at_seq: seq,
    };
  });
