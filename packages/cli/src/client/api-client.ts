import { Problem } from "@upgrade-ledger/api/schema";
import { z } from "zod";
import { CliError } from "../cli-error.ts";
import { type ServerSentEvent, serverSentEvents } from "./server-sent-events.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";

const TIMEOUT_MS = 30_000;
const Page = z.looseObject({ items: z.array(z.unknown()), next_page_token: z.string() });

export interface Request {
  readonly method?: "GET" | "PUT" | "POST";
  readonly query?: Readonly<Record<string, string | number | readonly string[] | undefined>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Speaks with the service over HTTP. Every failure is a {@link CliError} with the right exit code. */
export class ApiClient {
  readonly server: string;

  constructor(server: string) {
    if (!URL.canParse(server)) {
      throw new CliError(`--server: ${server} is not an address`, {
        exitCode: EXIT.usage,
        hint: "such as http://127.0.0.1:8080",
      });
    }
    this.server = server.replace(/\/+$/, "");
  }

  /** Asks once. */
  async ask<S extends z.ZodType>(schema: S, path: string, request: Request = {}): Promise<z.infer<S>> {
    const headers: Record<string, string> = { ...request.headers };
    if (request.body !== undefined) headers["content-type"] = "application/json";
    const answer = await this.#fetch(path, request.query, {
      method: request.method ?? "GET",
      headers,
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
    });
    return this.#read(schema, answer);
  }

  /** Uploads a stream of bytes. */
  async upload<S extends z.ZodType>(
    schema: S,
    path: string,
    query: Request["query"],
    body: ReadableStream<Uint8Array>,
    size: number,
  ): Promise<z.infer<S>> {
    const answer = await this.#fetch(path, query, {
      method: "PUT",
      headers: { "content-type": "application/octet-stream", "content-length": String(size) },
      body,
      duplex: "half",
    });
    return this.#read(schema, answer);
  }

  /** Downloads bytes, as they come. */
  async download(path: string): Promise<AsyncIterable<Uint8Array>> {
    const answer = await this.#fetch(path, undefined, { method: "GET" });
    if (!answer.ok) throw failure(answer, parseJson(await answer.text()));
    if (answer.body === null) throw new CliError(`${answer.url} answers nothing`);
    return answer.body;
  }

  /** The items of a list, page by page, `limit` at most. */
  async list<S extends z.ZodType>(
    item: S,
    path: string,
    query: Request["query"] = {},
    limit = Number.POSITIVE_INFINITY,
  ): Promise<z.infer<S>[]> {
    const items: z.infer<S>[] = [];
    let token = "";
    do {
      const size = Math.min(1_000, limit - items.length);
      const page = await this.ask(Page, path, {
        query: { ...query, page_size: size, page_token: token || undefined },
      });
      items.push(...z.array(item).parse(page.items));
      token = page.next_page_token;
    } while (token !== "" && items.length < limit);
    return items;
  }

  /** Follows a stream of events until it ends, or the signal is aborted. */
  async *follow(
    path: string,
    query: Request["query"],
    signal: AbortSignal,
  ): AsyncGenerator<ServerSentEvent, void, void> {
    const answer = await this.#fetch(path, query, { signal }).catch((error: unknown) => {
      if (signal.aborted) return undefined;
      throw error;
    });
    if (answer === undefined) return;
    if (!answer.ok) throw failure(answer, parseJson(await answer.text()));
    if (answer.body === null) return;
    try {
      yield* serverSentEvents(answer.body);
    } catch {
      // The connection broke off, or was given up: either way that was the end of it.
    }
  }

  async #fetch(
    path: string,
    query: Request["query"],
    init: RequestInit & { duplex?: "half" },
  ): Promise<Response> {
    const url = new URL(`${this.server}${path}`);
    for (const [name, value] of Object.entries(query ?? {})) {
      for (const each of [value].flat()) if (each !== undefined) url.searchParams.append(name, String(each));
    }
    try {
      return await fetch(url, init);
    } catch (error) {
      throw new CliError(`${this.server} does not answer (${causeOf(error)})`, {
        cause: error,
        exitCode: EXIT.unreachable,
        hint: "start it with `upgrade-ledger serve`, or name another with --server or UPGRADE_LEDGER_SERVER",
      });
    }
  }

  async #read<S extends z.ZodType>(schema: S, answer: Response): Promise<z.infer<S>> {
    const text = await answer.text();
    const json = parseJson(text);
    if (!answer.ok) throw failure(answer, json);
    const parsed = schema.safeParse(json);
    if (parsed.success) return parsed.data;
    throw new CliError(`${answer.url} answers something else than this program expects`, {
      cause: parsed.error,
      hint: "is it an upgrade ledger of this version? `upgrade-ledger doctor` looks",
    });
  }
}

function failure(answer: Response, json: unknown): CliError {
  const problem = Problem.safeParse(json);
  const exitCode = exitCodeOf(answer.status);
  if (!problem.success) return new CliError(`${answer.url} answers ${answer.status}`, { exitCode });
  return new CliError(problem.data.detail, {
    exitCode,
    problem: problem.data,
    hint: `${problem.data.title} (${problem.data.code}, docs/errors.md)`,
  });
}

function exitCodeOf(status: number): ExitCode {
  if (status === 404 || status === 410) return EXIT.notFound;
  if (status === 401 || status === 403 || status === 421) return EXIT.notAllowed;
  if (status === 502 || status === 503 || status === 504) return EXIT.unreachable;
  return status === 400 ? EXIT.usage : EXIT.failure;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function causeOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause instanceof Error && "code" in cause) return String(cause.code);
  return error instanceof Error ? error.message : String(error);
}
