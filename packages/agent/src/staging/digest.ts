import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { errnoOf } from "../layout/layout-error.ts";
import { BLAKE2B_512 } from "../minisign/verify.ts";

export interface FileDigest {
  readonly sizeBytes: number;
  /** Hex. */
  readonly sha256: string;
  /** What a minisign signature is made over. */
  readonly blake2b: Buffer;
}

/** Size and both digests of a file as it is on disk, in one pass; `undefined` where there is no file. */
export async function digestFile(path: string, signal: AbortSignal): Promise<FileDigest | undefined> {
  const [sha256, blake2b] = [createHash("sha256"), createHash(BLAKE2B_512)];
  let sizeBytes = 0;
  try {
    for await (const chunk of createReadStream(path, { signal })) {
      if (!(chunk instanceof Uint8Array)) continue;
      sizeBytes += chunk.length;
      sha256.update(chunk);
      blake2b.update(chunk);
    }
  } catch (error) {
    signal.throwIfAborted();
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
  return { sizeBytes, sha256: sha256.digest("hex"), blake2b: blake2b.digest() };
}
