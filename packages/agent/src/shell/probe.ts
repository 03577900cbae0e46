// Asking another instance of this device on its socket what it is (spec §4, Stop).
import type { ProbeAnswer } from "../core/index.ts";
import { askStatus } from "../socket/status-socket.ts";

/** `null` when it does not answer. */
export async function probe(stateDir: string, instanceId: string): Promise<ProbeAnswer | null> {
  const status = await askStatus(stateDir, instanceId);
  if (status === null) return null;
  return { version: status.version, agentState: status.agent_state, connected: status.connected };
}
