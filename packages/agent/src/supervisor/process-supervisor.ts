// The supervisor of kind "process": asks the guard over its unix socket (spec §4, Cutover).
import { createConnection } from "node:net";
import { z } from "zod";
import { GuardAnswer, type GuardRequest, MAX_LINE, UnitStatusMessage } from "./guard-protocol.ts";
import { type Supervisor, SupervisorError } from "./supervisor.ts";

export interface ProcessSupervisorOptions {
  /** `<state_dir>/guard.sock` */
  readonly socketPath: string;
  /** Longest wait for an answer, ms. Default 10,000; a stop, which waits for a process to end, gets 60,000 more. */
  readonly timeoutMs?: number;
}

const Started = z.object({ unit: z.string() });
const STOP_EXTRA_MS = 60_000;

/** A client of the guard. Each call has a connection of its own, so a restarted guard is found again by itself. */
export function createProcessSupervisor(options: ProcessSupervisorOptions): Supervisor {
  const { socketPath, timeoutMs = 10_000 } = options;
  return {
    startVersion: async (version) =>
      read(Started, await ask(socketPath, { op: "start-version", version }, timeoutMs)),
    stopUnit: async (unit) => {
      await ask(socketPath, { op: "stop-unit", unit }, timeoutMs + STOP_EXTRA_MS);
    },
    statusOf: async (unit) =>
      read(UnitStatusMessage, await ask(socketPath, { op: "status", unit }, timeoutMs)),
  };
}

async function ask(socketPath: string, request: GuardRequest, timeoutMs: number): Promise<unknown> {
  const what = `the guard at ${socketPath}`;
  const line = await exchange(socketPath, `${JSON.stringify(request)}\n`, timeoutMs).catch(
    (cause: unknown) => {
      const detail = cause instanceof Error ? cause.message : String(cause);
      throw new SupervisorError(`${what} did not answer "${request.op}": ${detail}`, { cause });
    },
  );
  const answer = read(GuardAnswer, parseJson(line));
  if (!answer.ok) throw new SupervisorError(`${what} refused "${request.op}": ${answer.error}`);
  return answer.result;
}

/** Sends one line and answers with the first line that comes back. */
function exchange(socketPath: string, line: string, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(socketPath);
    let received = "";
    const timer = setTimeout(() => socket.destroy(new Error(`nothing within ${timeoutMs} ms`)), timeoutMs);
    socket.setEncoding("utf8");
    socket.once("connect", () => socket.write(line));
    socket.on("data", (text: string) => {
      received += text;
      const end = received.indexOf("\n");
      if (end >= 0) {
        resolve(received.slice(0, end));
        socket.destroy();
      } else if (received.length > MAX_LINE) {
        socket.destroy(new Error("the answer is too long"));
      }
    });
    socket.once("error", reject);
    socket.once("close", () => {
      clearTimeout(timer);
      reject(new Error("it closed the connection"));
    });
  });
}

function read<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new SupervisorError(`the guard's answer cannot be read: ${z.prettifyError(parsed.error)}`);
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
