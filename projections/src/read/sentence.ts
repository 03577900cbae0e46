// One sentence for each event.
import type { ForeignEvent, LedgerEvent } from "@upgrade-ledger/contract";
import type { RecordedEvent } from "../history/document.ts";

/** What an event says, in one sentence. */
export function sentenceOf(recorded: RecordedEvent): string {
  const { event } = recorded;
  if (event === null) return `An event of the unknown type ${recorded.type} was stored.`;
  const sentence = event.schema_version === 0 ? foreignSentence(event) : ledgerSentence(event);
  if (recorded.anomalies.includes("duplicate")) return `${sentence} (A repeat of an earlier event.)`;
  return recorded.anomalies.includes("late") ? `${sentence} (Too late: it changed nothing.)` : sentence;
}

function foreignSentence(event: ForeignEvent): string {
  const error = event.last_error === null ? "" : `: ${event.last_error}`;
  return `An agent that gives no more than its phase reported ${event.type}${error}.`;
}

function ledgerSentence(event: LedgerEvent): string {
  switch (event.type) {
    case "desired-version":
      return event.desired_version === null
        ? `${event.actor} cancelled the upgrade: ${event.reason}`
        : `${event.actor} asked for ${event.desired_version}: ${event.reason}`;
    case "upgrade-stop":
      return (
        `The operator told the old agent ${event.stop_instance_id} to stop (attempt ${event.attempt}), because for ` +
        `${event.evidence.observed_for_ms / 1000} s it had seen heartbeats of ${event.evidence.instance_id} with ` +
        `${event.evidence.current_version}, ${event.evidence.agent_state}.`
      );
    case "upgrade-scheduled":
      return `${event.actor} scheduled ${event.desired_version} for ${event.not_before}: ${event.reason}`;
    case "schedule-ended":
      return `The schedule ended: ${event.outcome}.`;
    case "agent-observed":
      return `The operator saw ${event.instance_id} with version ${event.current_version}, ${event.agent_state ?? "state not given"}.`;
    case "agent-silent":
      return `The operator has seen no heartbeat of ${event.instance_id} since ${event.since}.`;
    case "stalled":
      return `The upgrade has been in ${event.phase} since ${event.since}: too long.`;
    case "enrolled":
      return `${event.actor} enrolled the device: ${event.reason}`;
    case "revoked":
      return `${event.actor} revoked the device's key: ${event.reason}`;
    case "artifact-published":
      return `${event.actor} published ${event.artifact.version} for ${event.artifact.platform}: ${event.reason}`;
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
      return agentSentence(event);
  }
}

type AgentEvent = Extract<
  LedgerEvent,
  {
    type:
      | "started"
      | "draining"
      | "staging"
      | "verifying"
      | "cutover-ready"
      | "stopping"
      | "stop-refused"
      | "done"
      | "failed"
      | "reverted"
      | "superseded";
  }
>;

function agentSentence(event: AgentEvent): string {
  switch (event.type) {
    case "started":
      return `Agent ${event.writer.version} came up (${event.boot_reason}).`;
    case "draining":
      return `The old agent takes on no new work; ${event.in_flight} reconciles are under way.`;
    case "staging":
      return event.last_error === null
        ? `The artifact is being fetched (attempt ${event.attempt}).`
        : `Fetching failed (attempt ${event.attempt}): ${event.last_error}`;
    case "verifying":
      return `Size, hash and signature were right; the staged binary ${event.path} runs its self-test.`;
    case "cutover-ready":
      return `The link was swapped from ${event.symlink.from} to ${event.symlink.to}, and ${event.unit} was started beside the old agent.`;
    case "stopping":
      return "The old agent obeys the stop and exits.";
    case "stop-refused":
      return `The old agent stays (${event.reason_code})${event.last_error === null ? "" : `: ${event.last_error}`}.`;
    case "done":
      return event.stop_event_id === null && event.old_exit !== null
        ? `The new agent serves with ${event.to_version}; the old one ended without a stop (${event.old_exit}).`
        : `The old process is gone; the new agent serves with ${event.to_version}.`;
    case "failed":
      return `It failed in ${event.failed_phase} (${event.reason_code})${event.reverted ? " and the swap was taken back" : ""}: ${event.last_error}`;
    case "reverted":
      return `${event.from_version} went back to ${event.to_version} (${event.reason_code}).`;
    case "superseded":
      return `The agent gave it up for a newer command${event.reverted ? " and took the swap back" : ""}.`;
  }
}
