import { Readable } from "node:stream";
import type { App } from "../app/create-app.ts";
import { answers, answersBytes } from "../app/responses.ts";
import { checkBytes } from "../artifact/check-bytes.ts";
import type { ApiContext } from "../context.ts";
import { ApiProblem } from "../problem/problem.ts";
import { ContentQuery, StoredContent, VersionParams } from "../schema/artifact.ts";

const OCTETS = "application/octet-stream";

/** `PUT` and `GET /v1/artifacts/{version}/content`: an artifact's bytes into and out of the object store. */
export function artifactContentRoutes(app: App, context: ApiContext): void {
  // Uploads are streams; they go through no buffer of ours.
  app.addContentTypeParser(OCTETS, (_request, payload, done) => done(null, payload));
  app.put(
    "/v1/artifacts/:version/content",
    {
      bodyLimit: context.settings.artifactMaxBytes,
      schema: {
        summary: "Upload an artifact's bytes",
        description:
          "Send `application/octet-stream`. Publish the artifact afterwards with what this answers.",
        tags: ["artifacts"],
        consumes: [OCTETS],
        params: VersionParams,
        querystring: ContentQuery,
        response: answers(StoredContent),
      },
    },
    async ({ params, query, body }) => {
      if (!(body instanceof Readable)) {
        throw new ApiProblem("unsupported_media_type", `An artifact is uploaded as ${OCTETS}.`);
      }
      return context.contents.store(body, {
        version: params.version,
        platform: query.platform,
        maxBytes: context.settings.artifactMaxBytes,
        accept: async (sha256) => {
          if (query.sha256 !== undefined && query.sha256 !== sha256) {
            throw new ApiProblem("content_mismatch", `What arrived has SHA-256 ${sha256}.`);
          }
          await checkBytes(context, params.version, query.platform, sha256);
        },
      });
    },
  );
  app.get(
    "/v1/artifacts/:version/content",
    {
      schema: {
        summary: "Download an artifact's bytes",
        tags: ["artifacts"],
        produces: [OCTETS],
        params: VersionParams,
        querystring: ContentQuery.omit({ sha256: true }),
        response: answersBytes(OCTETS),
      },
    },
    async ({ params, query }, reply) => {
      const content = await context.contents.read(params.version, query.platform);
      if (content === undefined) {
        throw new ApiProblem(
          "artifact_not_found",
          `No bytes of ${params.version} for ${query.platform} are stored.`,
        );
      }
      void reply
        .type(OCTETS)
        .header("content-length", content.size)
        .header("etag", `"sha256:${content.sha256}"`);
      return reply.send(content.body);
    },
  );
}
