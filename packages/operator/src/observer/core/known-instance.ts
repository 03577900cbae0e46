// What the ledger knows of one instance of a device, as far as the observer needs it.
import type {
  AgentState,
  EventRef,
  InstanceId,
  ReadHeartbeat,
  ReportedVersion,
} from "@upgrade-ledger/contract";

export interface KnownInstance {
  readonly instanceId: InstanceId;
  readonly version: ReportedVersion;
  readonly state: AgentState | null;
  /** Its latest news was that it fell silent. */
  readonly silent: boolean;
  /** The ledger says that it has ended: nobody waits for its heartbeats. */
  readonly gone: boolean;
  /** Its latest `agent-observed` or `agent-silent`; `null` if it is known from other events alone. */
  readonly observation: EventRef | null;
}

/** Whether a heartbeat says something that the ledger does not know: a new instance, another version or state, back from silence (spec §3.2). */
export function isNews(known: KnownInstance | undefined, heartbeat: ReadHeartbeat): boolean {
  return (
    known === undefined ||
    known.observation === null ||
    known.silent ||
    known.version !== heartbeat.current_version ||
    known.state !== heartbeat.agent_state
  );
}
