// nats: the object store, read by raw direct gets: a device has no consumer and no stream API (spec §3.1, §4).
import type { Msg, NatsConnection } from "@nats-io/transport-node";
import { ARTIFACT_STORE } from "@upgrade-ledger/contract";
import { z } from "zod";
import type { ArtifactSource, SourceRequest, SourceStream } from "./source.ts";
import { StagingError } from "./staging-error.ts";

export interface ObjectStoreOptions {
  readonly connection: () => NatsConnection | null;
  /** Longest wait for one answer, ms. */
  readonly timeoutMs: number;
}

const DIRECT_GET = `$JS.API.DIRECT.GET.OBJ_${ARTIFACT_STORE}`;
const DEFAULT_CHUNK_BYTES = 128 * 1024;

/** What an object store keeps about an object. */
const ObjectInfo = z.looseObject({
  nuid: z.string().regex(/^[A-Za-z0-9]+$/),
  size: z.int().nonnegative(),
  deleted: z.boolean().optional(),
  options: z.looseObject({ max_chunk_size: z.int().positive().optional() }).optional(),
});
type ObjectInfo = z.infer<typeof ObjectInfo>;

interface Chunk {
  readonly sequence: number;
  readonly data: Uint8Array;
}

/** `nats://agent-artifacts/<object name>`: the one bucket that devices may read. */
export function createObjectStoreSource(options: ObjectStoreOptions): ArtifactSource {
  return { open: (request) => new ObjectReader(options, request).open() };
}

class ObjectReader {
  readonly #options: ObjectStoreOptions;
  readonly #request: SourceRequest;

  constructor(options: ObjectStoreOptions, request: SourceRequest) {
    this.#options = options;
    this.#request = request;
  }

  async open(): Promise<SourceStream> {
    const name = objectNameIn(this.#request.url);
    const info = await this.#info(name);
    if (info.size !== this.#request.sizeBytes) {
      throw new StagingError(
        "size_mismatch",
        false,
        `${this.#request.url.href} is ${info.size} bytes long, the artifact says ${this.#request.sizeBytes}`,
      );
    }
    const first = await this.#chunk(info, 1);
    const resumed = await this.#resume(info, first);
    if (resumed !== undefined) return resumed;
    return { startsAt: 0, chunks: this.#chunks(info, first, 0) };
  }

  /**
   * An upload stores its chunks one after the other, so chunk n is n messages after the first. Should another upload
   * have come between, the hash will tell, and the next attempt starts at 0.
   */
  async #resume(info: ObjectInfo, first: Chunk): Promise<SourceStream | undefined> {
    const { offset } = this.#request;
    const chunkBytes = info.options?.max_chunk_size ?? DEFAULT_CHUNK_BYTES;
    const index = Math.floor(offset / chunkBytes);
    if (index === 0 || first.data.length !== chunkBytes) return undefined;
    const wanted = first.sequence + index;
    const chunk = await this.#chunk(info, wanted);
    if (chunk.sequence !== wanted) return undefined;
    const into = offset - index * chunkBytes;
    const rest = { ...chunk, data: chunk.data.subarray(into) };
    return { startsAt: offset, chunks: this.#chunks(info, rest, offset) };
  }

  async *#chunks(info: ObjectInfo, first: Chunk, startsAt: number): AsyncGenerator<Uint8Array> {
    let chunk = first;
    let position = startsAt;
    for (;;) {
      position += chunk.data.length;
      yield chunk.data;
      if (position >= info.size) return;
      chunk = await this.#chunk(info, chunk.sequence + 1);
    }
  }

  async #info(name: string): Promise<ObjectInfo> {
    const key = Buffer.from(name).toString("base64url");
    const padded = key.padEnd(Math.ceil(key.length / 4) * 4, "=");
    const message = await this.#get(`${DIRECT_GET}.$O.${ARTIFACT_STORE}.M.${padded}`, "");
    if (message === undefined) throw this.#missing(`has no object ${name}`);
    const info = ObjectInfo.safeParse(parseJson(message));
    if (!info.success) throw this.#broken(`the object's description cannot be read: ${info.error.message}`);
    if (info.data.deleted === true) throw this.#missing(`no longer has ${name}: it was deleted`);
    return info.data;
  }

  /** The object's first chunk at or after `sequence`. */
  async #chunk(info: ObjectInfo, sequence: number): Promise<Chunk> {
    const subject = `$O.${ARTIFACT_STORE}.C.${info.nuid}`;
    const message = await this.#get(DIRECT_GET, JSON.stringify({ seq: sequence, next_by_subj: subject }));
    if (message === undefined)
      throw this.#broken("a chunk of the object is missing; it may have been replaced");
    const stored = Number(message.headers?.get("Nats-Sequence"));
    if (!Number.isSafeInteger(stored) || stored < sequence)
      throw this.#broken("a chunk came without its sequence");
    return { sequence: stored, data: message.data };
  }

  /** One direct get; `undefined` where the store has no such message. */
  async #get(subject: string, body: string): Promise<Msg | undefined> {
    const connection = this.#options.connection();
    this.#request.signal.throwIfAborted();
    if (connection === null || connection.isClosed()) throw this.#broken("not connected to NATS");
    let message: Msg;
    try {
      const answer = connection.request(subject, body, { timeout: this.#options.timeoutMs });
      message = await orAborted(answer, this.#request.signal);
    } catch (error) {
      this.#request.signal.throwIfAborted();
      throw this.#broken(error instanceof Error ? error.message : String(error), error);
    }
    this.#request.signal.throwIfAborted();
    const code = message.headers?.code ?? 0;
    if (code === 404) return undefined;
    if (code >= 400) throw this.#broken(`${code} ${message.headers?.description ?? ""}`.trim());
    return message;
  }

  #missing(what: string): StagingError {
    return new StagingError("download_refused", false, `the object store ${ARTIFACT_STORE} ${what}`);
  }

  #broken(what: string, cause?: unknown): StagingError {
    return new StagingError("download_failed", true, `${this.#request.url.href}: ${what}`, { cause });
  }
}

function objectNameIn(url: URL): string {
  const name = decodeURIComponent(url.pathname.replace(/^\//, ""));
  if (url.host !== ARTIFACT_STORE || name === "") {
    throw new StagingError(
      "download_refused",
      false,
      `${url.href} names no artifact: it must be nats://${ARTIFACT_STORE}/<object name>`,
    );
  }
  return name;
}

function parseJson(message: Msg): unknown {
  try {
    return message.json();
  } catch {
    return undefined;
  }
}

/** A request cannot be called off; its answer is then left alone. */
function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    signal.addEventListener("abort", abort);
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
