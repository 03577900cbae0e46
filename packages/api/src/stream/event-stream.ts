import { once } from "node:events";
import type { ServerResponse } from "node:http";
import type { LedgerItem } from "../schema/event.ts";

export interface EventStreamOptions {
  readonly headers: Readonly<Record<string, string | number | string[] | undefined>>;
  /** A comment is sent so often, so that nobody between takes the connection for dead. */
  readonly heartbeatMs: number;
  /** The sequence that the client has. */
  readonly after: number;
}

const HEADERS = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no",
} as const;
const RETRY_MS = 2_000;

/** One client that follows the ledger: server-sent events, written no faster than it reads. */
export class EventStream {
  readonly #response: ServerResponse;
  readonly #end = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #told: number;
  #passed: number;

  constructor(response: ServerResponse, { headers, heartbeatMs, after }: EventStreamOptions) {
    this.#response = response;
    this.#told = after;
    this.#passed = after;
    response.once("close", () => this.end());
    for (const [name, value] of Object.entries({ ...headers, ...HEADERS })) {
      if (value !== undefined) response.setHeader(name, value);
    }
    response.writeHead(200);
    response.write(`retry: ${RETRY_MS}\n\n`);
    this.#timer = setInterval(() => this.#beat(), heartbeatMs);
  }

  /** Aborted when the client is gone, or the stream has been ended. */
  get signal(): AbortSignal {
    return this.#end.signal;
  }

  async send(item: LedgerItem): Promise<void> {
    this.#told = this.#passed = item.seq;
    // A type is a token of a subject, and so holds no line break.
    await this.#write(`id: ${item.seq}\nevent: ${item.type}\ndata: ${JSON.stringify(item)}\n\n`);
  }

  /** Takes note of an event that the client does not want; tells how far it is after so many of them. */
  async pass(seq: number, tellEvery: number): Promise<void> {
    this.#passed = seq;
    if (seq - this.#told >= tellEvery) await this.#write(this.#bookmark());
  }

  end(): void {
    if (this.#end.signal.aborted) return;
    clearInterval(this.#timer);
    this.#end.abort();
    this.#response.end();
  }

  #beat(): void {
    // A client that does not read gets no more until it does.
    if (this.#response.writableNeedDrain) return;
    this.#response.write(this.#passed > this.#told ? this.#bookmark() : ": still here\n\n");
  }

  #bookmark(): string {
    this.#told = this.#passed;
    return `id: ${this.#told}\nevent: seq\ndata: {"seq":${this.#told}}\n\n`;
  }

  async #write(text: string): Promise<void> {
    if (this.#end.signal.aborted || this.#response.write(text)) return;
    // Rejects only when the stream ends, and then there is nothing left to wait for.
    await once(this.#response, "drain", { signal: this.signal }).catch(() => undefined);
  }
}
