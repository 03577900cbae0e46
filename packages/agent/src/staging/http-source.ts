// https: and http:, resumed with Range where a download broke off (spec §4, Staging).
import { IdleWatch } from "./idle-watch.ts";
import type { ArtifactSource, SourceRequest, SourceStream } from "./source.ts";
import { StagingError } from "./staging-error.ts";

/** Asking again would get the same answer (spec §4). */
const FINAL = new Set([401, 403, 404, 410]);

export function createHttpSource(options: { readonly idleTimeoutMs: number }): ArtifactSource {
  return { open: (request) => openHttp(request, options.idleTimeoutMs) };
}

async function openHttp(request: SourceRequest, idleTimeoutMs: number): Promise<SourceStream> {
  const watch = new IdleWatch(idleTimeoutMs, request.signal);
  try {
    const response = await fetch(request.url, {
      headers: {
        accept: "application/octet-stream, */*",
        "accept-encoding": "identity",
        ...(request.offset > 0 ? { range: `bytes=${request.offset}-` } : {}),
      },
      signal: watch.signal,
    });
    const { body, status } = response;
    if (status === 416 && request.offset > 0) {
      watch.stop();
      await body?.cancel();
      return await openHttp({ ...request, offset: 0 }, idleTimeoutMs); // what is on disk does not belong to it
    }
    const startsAt = startOf(response, request);
    if (body === null) throw broken(request.url, "the answer has no body");
    return { startsAt, chunks: watched(body, watch, request) };
  } catch (error) {
    watch.stop();
    throw failure(error, watch, request);
  }
}

/** Where the answer's body starts. @throws StagingError for an answer that holds no part of the artifact */
function startOf(response: Response, request: SourceRequest): number {
  const { status } = response;
  const what = `${request.url.href} answered ${status} ${response.statusText}`.trim();
  if (status === 206) {
    const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get("content-range") ?? "");
    if (range === null || Number(range[1]) !== request.offset)
      throw new StagingError("download_failed", true, `${what} with another range than asked for`);
    if (range[2] !== "*") requireSize(Number(range[2]), request);
    return request.offset;
  }
  if (status === 200) {
    const length = response.headers.get("content-length");
    if (length !== null) requireSize(Number(length), request);
    return 0;
  }
  if (FINAL.has(status)) throw new StagingError("download_refused", false, what);
  throw new StagingError("download_failed", true, what);
}

function requireSize(size: number, request: SourceRequest): void {
  if (size === request.sizeBytes) return;
  throw new StagingError(
    "size_mismatch",
    false,
    `${request.url.href} is ${size} bytes long, the artifact says ${request.sizeBytes}`,
  );
}

async function* watched(
  body: AsyncIterable<Uint8Array>,
  watch: IdleWatch,
  request: SourceRequest,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of body) {
      watch.alive();
      yield chunk;
    }
  } catch (error) {
    throw failure(error, watch, request);
  } finally {
    watch.stop();
  }
}

function failure(error: unknown, watch: IdleWatch, request: SourceRequest): unknown {
  if (error instanceof StagingError) return error;
  if (request.signal.aborted) return request.signal.reason;
  if (watch.expired) return broken(request.url, `nothing came for ${watch.idleMs} ms`, error);
  return broken(request.url, deepestMessage(error), error);
}

function broken(url: URL, what: string, cause?: unknown): StagingError {
  return new StagingError("download_failed", true, `${url.href}: ${what}`, { cause });
}

/** fetch says "fetch failed"; why stands in the causes (`connect ECONNREFUSED 127.0.0.1:80`). */
function deepestMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error && error.cause.message !== "") return deepestMessage(error.cause);
  return error.message;
}
