import { sameVersion, type Artifact } from "@upgrade-ledger/contract";
import type { ApiContext } from "../context.ts";
import { ApiProblem } from "../problem/problem.ts";
import type { KnownDevice } from "../view/read-model.ts";

const ANY = "any";

/**
 * Where the device gets the version: what the request names, else the catalogue's artifact for its platform; `null` if
 * it has run the version before and so has kept it (spec §6).
 *
 * @throws ApiProblem `artifact_unknown`, `invalid_request`
 */
export async function chooseArtifact(
  context: ApiContext,
  device: KnownDevice,
  version: string,
  named: Artifact | undefined,
): Promise<Artifact | null> {
  if (named !== undefined) return checkNamed(named, version);
  const platform = context.model.labels.get(device.device_id)?.platform ?? ANY;
  const published = context.model.catalogue.get(version)?.artifacts;
  const found = published?.[platform] ?? published?.[ANY];
  if (found !== undefined) return found.artifact;
  if (await hasRun(context, device, version)) return null;
  const offered = Object.keys(published ?? {});
  throw new ApiProblem(
    "artifact_unknown",
    offered.length === 0
      ? `The catalogue has no artifact of version ${version}, and ${device.device_id} has not run it before.`
      : `Version ${version} is published for ${offered.join(", ")}, not for ${platform}, the platform of ${device.device_id}.`,
  );
}

function checkNamed(artifact: Artifact, version: string): Artifact {
  if (artifact.version === version) return artifact;
  const detail = `must be ${version}, the desired version`;
  throw new ApiProblem("invalid_request", `/artifact/version: ${detail}`, {
    errors: [{ pointer: "/artifact/version", detail }],
  });
}

async function hasRun(context: ApiContext, device: KnownDevice, version: string): Promise<boolean> {
  if (sameVersion(device.current_version, version)) return true;
  const intervals = await context.model.stored.intervals(device.device_id);
  return intervals.some((interval) => sameVersion(interval.version, version));
}
