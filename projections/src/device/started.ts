// Agents that came up, and versions that went back on their own (spec §3.2 started, reverted).
import type { EventOf, Writer } from "@upgrade-ledger/contract";
import { cutError } from "./bounds.ts";
import { becomesActive, instanceAppears } from "./instances.ts";
import { citation, note, type Step, touch } from "./step.ts";
import { runsVersion } from "./versions.ts";

/** Any event of an agent shows that its instance lives, and which version it is. */
export function agentSpoke(step: Step, writer: Writer): void {
  const instance = instanceAppears(step, writer.instance_id, writer.version);
  if (instance.role === "active" || instance.role === "old") runsVersion(step, writer.version);
}

export function applyStarted(step: Step, event: EventOf<"started">): void {
  const { upgrade } = step.device;
  step.upgradeId = event.upgrade_id ?? upgrade?.upgrade_id ?? null;
  step.wentBack = event.boot_reason === "revert";
  if (upgrade !== null && upgrade.upgrade_id === event.upgrade_id) {
    upgrade.agent_events += 1;
    upgrade.stalled = null;
    touch(step, upgrade);
  }
  const { writer } = event;
  const instance = instanceAppears(step, writer.instance_id, writer.version, event.boot_reason);
  if (instance.role === "active" || instance.role === "old") runsVersion(step, writer.version);
}

/** Closes nothing and reopens nothing; the device is failed (spec §3.2). */
export function applyReverted(step: Step, event: EventOf<"reverted">): void {
  const { device } = step;
  step.upgradeId = event.upgrade_id;
  step.wentBack = true;
  const last = device.last_upgrade;
  if (last?.upgrade_id === event.upgrade_id && last.outcome === "done") {
    last.reverted = {
      ...citation(step),
      at: step.at,
      to_version: event.to_version,
      reason_code: event.reason_code,
      last_error: event.last_error === null ? null : cutError(event.last_error),
    };
    touch(step, last);
  } else {
    note(step, "late");
  }
  const instance = instanceAppears(step, event.writer.instance_id, event.writer.version);
  becomesActive(device, instance);
  runsVersion(step, event.to_version);
  device.unrequested = null;
  device.last_error = cutError(event.last_error ?? event.reason_code);
}
