import type { ApiContext } from "../context.ts";
import { ApiProblem } from "../problem/problem.ts";
import { wasActivated } from "./activated.ts";

/** @throws ApiProblem `artifact_conflict` when the version stands for other bytes and a device has run it (spec §3.4) */
export async function checkBytes(
  context: ApiContext,
  version: string,
  platform: string,
  sha256: string,
): Promise<void> {
  const published = context.model.catalogue.get(version)?.artifacts[platform];
  if (published === undefined || published.artifact.sha256 === sha256) return;
  if (!(await wasActivated(context, version))) return;
  throw new ApiProblem(
    "artifact_conflict",
    `Version ${version} for ${platform} has SHA-256 ${published.artifact.sha256}, and a device has run it.`,
  );
}
