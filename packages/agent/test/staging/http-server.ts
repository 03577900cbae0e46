// An artifact server on loopback whose every answer a test decides.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { onTestFinished } from "vitest";

export interface TestServer {
  readonly url: string;
  /** The Range header of each request, in order. */
  readonly ranges: (string | undefined)[];
}

export type Answer = (request: IncomingMessage, response: ServerResponse, count: number) => void;

/** Serves until the test is over. `count` is 1 for the first request. */
export async function serve(answer: Answer): Promise<TestServer> {
  const ranges: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    ranges.push(request.headers.range);
    answer(request, response, ranges.length);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return { url: `http://127.0.0.1:${address.port}/agent`, ranges };
}

/** A proper file server: whole, or from where the Range header says. */
export function whole(content: Buffer): Answer {
  return (request, response) => {
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
    const range = { "content-range": `bytes ${from}-${content.length - 1}/${content.length}` };
    response.writeHead(from > 0 ? 206 : 200, {
      "content-length": content.length - from,
      ...(from > 0 ? range : {}),
    });
    response.end(content.subarray(from));
  };
}

/** Sends the first `bytes` of what it announces, then cuts the connection. */
export function cutAfter(content: Buffer, bytes: number): Answer {
  return (_request, response) => {
    response.writeHead(200, { "content-length": content.length });
    response.write(content.subarray(0, bytes), () => response.destroy());
  };
}

export function status(code: number, headers: Record<string, string> = {}): Answer {
  return (_request, response) => {
    response.writeHead(code, headers);
    response.end();
  };
}
