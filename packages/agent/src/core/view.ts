// What the rest of the agent may know of the procedure.
import type { AgentState, UpgradeId } from "@upgrade-ledger/contract";
import type { StepName } from "./marker.ts";
import { isNewInstance, type State } from "./state.ts";

export interface View {
  /** For heartbeats and the status socket (spec §3.3). */
  readonly agentState: AgentState;
  /** The open upgrade, on both sides of a cutover. */
  readonly upgradeId: UpgradeId | null;
  /** Whether this instance is the one that is to hold the device's lock: reconcile, write info and workload state. */
  readonly wantsLock: boolean;
  /** Whether new workloads may be started: not while draining, nor until the upgrade has ended. */
  readonly mayStart: boolean;
  /** Whether anything waits for time to pass. */
  readonly busy: boolean;
}

/** Derived from the state alone. */
export function view(state: State): View {
  const { upgrade } = state;
  const idle = {
    agentState: "running",
    upgradeId: null,
    wantsLock: true,
    mayStart: true,
    busy: false,
  } as const;
  if (upgrade === null) return idle;
  if (isNewInstance(state)) return { ...idle, upgradeId: upgrade.upgrade_id, busy: true };
  const { step } = upgrade.at;
  if (step === "ended" || step === "probation") return { ...idle, busy: step === "probation" };
  const handedOver = step === "stopping" || (step === "cutover-ready" && state.watch.seen !== null);
  return {
    agentState: agentState(step),
    upgradeId: upgrade.upgrade_id,
    wantsLock: !handedOver,
    mayStart: false,
    busy: true,
  };
}

/** Swap and start are the end of verifying; a revert is not over until the device is back. */
function agentState(step: StepName): AgentState {
  switch (step) {
    case "draining":
    case "staging":
    case "verifying":
    case "cutover-ready":
    case "stopping":
      return step;
    case "swapping":
      return "verifying";
    case "starting":
    case "reverting":
      return "cutover-ready";
    case "ended":
    case "probation":
      return "running";
  }
}
