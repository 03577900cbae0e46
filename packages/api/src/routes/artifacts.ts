import { isDeepStrictEqual } from "node:util";
import { subjects, type Artifact } from "@upgrade-ledger/contract";
import { newEventId } from "@upgrade-ledger/ledger";
import type { PublishedArtifact as StoredArtifact } from "@upgrade-ledger/projections";
import { z } from "zod";
import type { App } from "../app/create-app.ts";
import { answers } from "../app/responses.ts";
import { checkBytes } from "../artifact/check-bytes.ts";
import type { ApiContext } from "../context.ts";
import { compareVersions } from "../present/compare-versions.ts";
import { storedSeq } from "../problem/outcome.ts";
import { ArtifactAccepted, ArtifactBody, PublishedArtifact, VersionParams } from "../schema/artifact.ts";
import { anyOf, pageOf, pageQuery } from "../schema/page.ts";
import { pageUpTo } from "./device-history.ts";

const Query = z.strictObject({
  version: anyOf(z.string().min(1).max(128)),
  platform: anyOf(z.string().min(1).max(64)),
  ...pageQuery,
});

/** How long a publication waits for the catalogue to know of the one before it, milliseconds. */
const CATCH_UP_MS = 5_000;

/** `GET /v1/artifacts` and `PUT /v1/artifacts/{version}` */
export function artifactRoutes(app: App, context: ApiContext): void {
  app.get(
    "/v1/artifacts",
    {
      schema: {
        summary: "The catalogue: what devices can be told to install, by version",
        tags: ["artifacts"],
        querystring: Query,
        response: answers(pageOf(PublishedArtifact)),
      },
    },
    async ({ query }) => {
      const { version, platform, ...paging } = query;
      const all = [...context.model.catalogue.values()]
        .flatMap((document) => Object.values(document.artifacts))
        .filter(({ artifact }) => version === undefined || version.includes(artifact.version))
        .filter(({ artifact }) => platform === undefined || platform.includes(artifact.platform))
        .toSorted(byVersion);
      const route = `artifacts?${JSON.stringify([version, platform])}`;
      const page = pageUpTo(context, route, paging, all, (published) => published.seq);
      return { ...page, items: page.items.map(present) };
    },
  );
  app.put(
    "/v1/artifacts/:version",
    {
      schema: {
        summary: "Publish an artifact",
        description:
          "The same artifact again changes nothing. Other bytes under a version that a device has run are refused.",
        tags: ["artifacts"],
        params: VersionParams,
        querystring: z.strictObject({}),
        body: ArtifactBody,
        response: answers(ArtifactAccepted),
      },
    },
    async ({ params, body }) => {
      const { reason, ...rest } = body;
      return publish(context, { version: params.version, ...rest }, reason);
    },
  );
}

async function publish(
  context: ApiContext,
  artifact: Artifact,
  reason: string,
): Promise<z.infer<typeof ArtifactAccepted>> {
  // Two publications one after the other: the second must see the first.
  const last = await context.ledger.lastOn(subjects.artifact());
  if (last !== undefined) await context.model.reached(last.seq, CATCH_UP_MS);
  const published = context.model.catalogue.get(artifact.version)?.artifacts[artifact.platform];
  if (published !== undefined && isDeepStrictEqual(published.artifact, artifact)) {
    return { artifact, event_id: published.event_id, ledger_seq: published.seq };
  }
  await checkBytes(context, artifact.version, artifact.platform, artifact.sha256);
  const eventId = newEventId();
  const outcome = await context.writer.append(
    undefined,
    { type: "artifact-published", artifact, actor: context.actor, reason },
    { eventId },
  );
  const seq = storedSeq(outcome);
  if (seq === undefined) throw new Error(`the fresh event id ${eventId} is taken`);
  context.head.saw(seq);
  return { artifact, event_id: eventId, ledger_seq: seq };
}

function byVersion(a: StoredArtifact, b: StoredArtifact): number {
  return (
    compareVersions(a.artifact.version, b.artifact.version) ||
    (a.artifact.platform < b.artifact.platform ? -1 : Number(a.artifact.platform > b.artifact.platform))
  );
}

function present({ artifact, published_at, actor, reason, event_id, seq }: StoredArtifact) {
  const { version, platform, url, sha256, size_bytes, signature } = artifact;
  const content = { version, platform, url, sha256, size_bytes, signature };
  return { ...content, published_at, published_by: actor, reason, event_id, seq };
}
