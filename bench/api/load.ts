import { connect, type Socket } from "node:net";

const CONNECTIONS = 8;
const HEAD_END = "\r\n\r\n";

/** Asks one address over and over on a few connections. A client that does little, so that the server is what is measured. */
export async function load(url: string, seconds: number): Promise<{ perSecond: number; p99Ms: number }> {
  const { hostname, port, pathname, search, host } = new URL(url);
  const request = Buffer.from(`GET ${pathname}${search} HTTP/1.1\r\nhost: ${host}\r\n\r\n`);
  const times: number[] = [];
  const start = performance.now();
  const end = start + seconds * 1_000;
  await Promise.all(
    Array.from({ length: CONNECTIONS }, () =>
      askUntil(connect({ host: hostname, port: Number(port), noDelay: true }), request, end, times),
    ),
  );
  const elapsed = performance.now() - start;
  const sorted = times.toSorted((a, b) => a - b);
  return {
    perSecond: (times.length / elapsed) * 1_000,
    p99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN,
  };
}

function askUntil(socket: Socket, request: Buffer, end: number, times: number[]): Promise<void> {
  return new Promise((resolve, reject) => {
    let asked = 0;
    /** Bytes of the answer that are still to come; 0 before its head. */
    let missing = 0;
    const ask = (): void => {
      asked = performance.now();
      socket.write(request);
    };
    socket.on("connect", ask);
    socket.on("error", reject);
    socket.on("close", () => resolve());
    socket.on("data", (chunk) => {
      missing = (missing === 0 ? lengthOf(chunk) : missing) - chunk.length;
      if (missing > 0) return;
      const now = performance.now();
      times.push(now - asked);
      if (now < end) ask();
      else socket.end();
    });
  });
}

/** Of the whole answer, by its head. */
function lengthOf(chunk: Buffer): number {
  const headEnd = chunk.indexOf(HEAD_END);
  const head = chunk.toString("latin1", 0, headEnd);
  const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
  if (!head.startsWith("HTTP/1.1 200") || length === undefined) throw new Error(`not a good answer: ${head}`);
  return headEnd + HEAD_END.length + Number(length);
}
