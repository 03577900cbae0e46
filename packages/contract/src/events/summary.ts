// One sentence per event type: for the generated schemas, the documentation and people's views.
import type { EventType } from "./event.ts";

export const EVENT_SUMMARY: Readonly<Record<EventType, string>> = {
  "desired-version": "Asks that a device run a version, which opens an upgrade; or cancels one.",
  "upgrade-stop":
    "Tells the old agent of a cutover to exit, with the operator's evidence that the new one runs.",
  started: "An agent process came up.",
  draining: "The agent starts no new workload and waits for those in flight.",
  staging: "The artifact is being fetched; each retry is an event of its own.",
  verifying: "The staged binary runs its self-test.",
  "cutover-ready": "The symlink points to the new version, and the new instance runs beside the old one.",
  stopping: "The old instance obeys the stop and exits.",
  "stop-refused": "The old instance was told to stop and stays, and why.",
  done: "The old process is gone and the new version serves.",
  failed: "The upgrade failed; the device runs the version that it ran before.",
  reverted: "A version that was done went back to its predecessor.",
  superseded: "A newer desired version or a cancellation came before the upgrade was over.",
  "agent-observed": "The operator received a heartbeat that said something new.",
  "agent-silent": "The operator has received no heartbeat of an instance for the offline time.",
  stalled: "An open upgrade has stayed in one phase past that phase's deadline.",
  "upgrade-scheduled": "Asks for an upgrade at a later time.",
  "schedule-ended": "A scheduled upgrade was released, cancelled, replaced or has expired.",
  enrolled: "A device's key was accepted.",
  revoked: "A device's key was withdrawn.",
  "artifact-published": "A version became available for a platform.",
};
