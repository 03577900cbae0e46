// Events about no single device: fleet.> (spec §3.2). Roll-outs are not defined yet; readers keep them as unknown.
import { Artifact } from "../artifact.ts";
import { Actor, fleetEvent, Reason } from "./envelope.ts";

export const ArtifactPublished = fleetEvent("artifact-published", {
  artifact: Artifact,
  actor: Actor,
  reason: Reason,
});

export const FLEET_EVENTS = [ArtifactPublished] as const;
