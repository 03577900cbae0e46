import { createHash } from "node:crypto";
import { Readable, Transform } from "node:stream";
import { Objm, type ObjectStore } from "@nats-io/obj";
import type { NatsConnection } from "@nats-io/transport-node";
import { ARTIFACT_STORE, objectName } from "@upgrade-ledger/contract";
import { ApiProblem } from "../problem/problem.ts";

/** Bytes that the object store holds. */
export interface StoredContent {
  readonly url: string;
  readonly sha256: string;
  readonly size_bytes: number;
}

export interface StoreRequest {
  readonly version: string;
  readonly platform: string;
  readonly maxBytes: number;
  /** Throws when these bytes may not be stored; called when all of them have come and none is visible yet. */
  readonly accept: (sha256: string) => Promise<void>;
}

/** The artifacts' bytes in the object store. */
export class ArtifactContents {
  readonly #nc: NatsConnection;
  #store: Promise<ObjectStore> | undefined;

  constructor(nc: NatsConnection) {
    this.#nc = nc;
  }

  /** Stores what `body` gives. Nothing becomes visible before all of it has come and is accepted. */
  async store(body: Readable, request: StoreRequest): Promise<StoredContent> {
    const name = objectName(request.version, request.platform);
    const measured = new Measured(request);
    // An error of one must end the other; `compose` and `pipeline` would hide whose it was.
    body.once("error", (error) => measured.destroy(error));
    body.pipe(measured);
    const store = await this.#open();
    try {
      await store.put({ name }, webStream(measured));
    } catch (error) {
      body.unpipe(measured);
      throw measured.refusal ?? error;
    }
    return { url: `nats://${ARTIFACT_STORE}/${name}`, sha256: measured.sha256, size_bytes: measured.bytes };
  }

  /** The stored bytes; `undefined` if there are none. */
  async read(
    version: string,
    platform: string,
  ): Promise<{ readonly body: Readable; readonly size: number; readonly sha256: string } | undefined> {
    const store = await this.#open();
    const name = objectName(version, platform);
    const info = await store.info(name);
    if (info === null || info.deleted) return undefined;
    const object = await store.get(name);
    if (object === null) return undefined;
    const sha256 = Buffer.from(info.digest.replace(/^SHA-256=/, ""), "base64url").toString("hex");
    return { body: Readable.from(bytesOf(object.data, object.error)), size: info.size, sha256 };
  }

  #open(): Promise<ObjectStore> {
    this.#store ??= new Objm(this.#nc).open(ARTIFACT_STORE).catch((error: unknown) => {
      this.#store = undefined;
      throw error;
    });
    return this.#store;
  }
}

/** Counts and hashes what goes through, and ends it with an error when it is too much or not acceptable. */
class Measured extends Transform {
  readonly #request: StoreRequest;
  readonly #hash = createHash("sha256");
  bytes = 0;
  sha256 = "";
  /** Why it was ended. */
  refusal: ApiProblem | undefined;

  constructor(request: StoreRequest) {
    super();
    this.#request = request;
  }

  override _transform(
    chunk: Buffer,
    _encoding: BufferEncoding,
    done: (error?: Error | null, data?: Buffer) => void,
  ): void {
    this.bytes += chunk.length;
    if (this.bytes > this.#request.maxBytes) {
      this.refusal = new ApiProblem(
        "body_too_large",
        `An artifact may have ${this.#request.maxBytes} bytes.`,
      );
      done(this.refusal);
      return;
    }
    this.#hash.update(chunk);
    done(null, chunk);
  }

  override _flush(done: (error?: Error | null) => void): void {
    this.sha256 = this.#hash.digest("hex");
    void this.#judge(done);
  }

  async #judge(done: (error?: Error | null) => void): Promise<void> {
    done(await this.#objection());
  }

  /** Why what has come may not be stored; `null` if it may. */
  async #objection(): Promise<Error | null> {
    try {
      await this.#request.accept(this.sha256);
      return null;
    } catch (error) {
      if (error instanceof ApiProblem) this.refusal = error;
      return error instanceof Error ? error : new Error(String(error));
    }
  }
}

function webStream(readable: Readable): ReadableStream<Uint8Array> {
  const iterator: AsyncIterator<Uint8Array> = readable[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await iterator.next();
        if (done === true) controller.close();
        else controller.enqueue(value);
      } catch (error) {
        controller.error(error);
      }
    },
    async cancel() {
      await iterator.return?.();
    },
  });
}

async function* bytesOf(
  data: ReadableStream<Uint8Array>,
  failed: Promise<Error | null>,
): AsyncGenerator<Uint8Array> {
  const reader = data.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    yield value;
  }
  const error = await failed;
  if (error !== null) throw error;
}
