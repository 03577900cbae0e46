// file: an artifact on a disk that the device can read.
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { ArtifactSource, SourceRequest, SourceStream } from "./source.ts";
import { StagingError } from "./staging-error.ts";

export function createFileSource(): ArtifactSource {
  return { open: openFile };
}

async function openFile(request: SourceRequest): Promise<SourceStream> {
  const path = pathOf(request.url);
  const found = await stat(path).catch((error: unknown) => {
    throw new StagingError("download_refused", false, `${path} cannot be read: ${String(error)}`, {
      cause: error,
    });
  });
  if (!found.isFile()) throw new StagingError("download_refused", false, `${path} is not a file`);
  if (found.size !== request.sizeBytes) {
    throw new StagingError(
      "size_mismatch",
      false,
      `${path} is ${found.size} bytes long, the artifact says ${request.sizeBytes}`,
    );
  }
  return { startsAt: request.offset, chunks: read(path, request) };
}

function pathOf(url: URL): string {
  try {
    return fileURLToPath(url);
  } catch (cause) {
    throw new StagingError("download_refused", false, `${url.href} names no file of this device`, { cause });
  }
}

async function* read(path: string, request: SourceRequest): AsyncGenerator<Uint8Array> {
  const stream = createReadStream(path, { start: request.offset, signal: request.signal });
  try {
    for await (const chunk of stream) {
      if (chunk instanceof Uint8Array) yield chunk;
    }
  } catch (error) {
    request.signal.throwIfAborted();
    throw new StagingError("download_failed", true, `${path}: ${String(error)}`, { cause: error });
  }
}
