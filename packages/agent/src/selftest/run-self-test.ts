// Verifying: the staged binary tests itself before it is trusted with the symlink (spec §4, Verifying).
import { type ChildProcess, spawn } from "node:child_process";
import type { FailureCode } from "@upgrade-ledger/contract";
import { sameVersion } from "@upgrade-ledger/contract";
import { OutputTail } from "./output-tail.ts";

export interface SelfTestOptions {
  /** The staged binary. */
  readonly path: string;
  readonly configPath: string;
  readonly expectedVersion: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export type SelfTestResult =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly code: FailureCode;
      /** One line that says what was wrong, then the program's own output; at most 4 KiB in all. */
      readonly output: string;
    };

/** Largest `output`, bytes of UTF-8: it travels as `last_error` (spec §3.2). */
export const MAX_OUTPUT_BYTES = 4096;
const LAST_LINE = /^fleet-agent (\S+) ok$/;
/** What a shell or `env` exits with when it cannot run the program that the file asks for. */
const CANNOT_EXECUTE = new Set([126, 127]);

type Ending =
  | { readonly kind: "exit"; readonly code: number | null; readonly signal: NodeJS.Signals | null }
  | { readonly kind: "unstartable"; readonly error: Error }
  | { readonly kind: "timeout" };

/**
 * Runs `<path> --self-test --config <configPath>`: it must exit 0 in time with `fleet-agent <version> ok` as its last
 * line. The program and everything it started are killed when the time is over or `signal` fires.
 *
 * @throws the signal's reason when aborted; everything else is an answer
 */
export async function runSelfTest(options: SelfTestOptions): Promise<SelfTestResult> {
  options.signal.throwIfAborted();
  const output: Output = { stdout: new OutputTail(MAX_OUTPUT_BYTES), all: new OutputTail(MAX_OUTPUT_BYTES) };
  const ending = await run(options, output);
  options.signal.throwIfAborted();
  return judge(ending, output, options);
}

interface Output {
  /** Its last line is the answer; a runtime may add warnings of its own on standard error. */
  readonly stdout: OutputTail;
  /** Both, as they came: what a person wants to see. */
  readonly all: OutputTail;
}

function judge(ending: Ending, output: Output, options: SelfTestOptions): SelfTestResult {
  const fail = (code: FailureCode, what: string): SelfTestResult => ({
    ok: false,
    code,
    output: output.all.after(what),
  });
  switch (ending.kind) {
    case "unstartable":
      return fail("not_executable", `${options.path} cannot be executed: ${ending.error.message}`);
    case "timeout":
      return fail("self_test_timeout", `no answer within ${options.timeoutMs} ms`);
    case "exit": {
      if (ending.code !== null && CANNOT_EXECUTE.has(ending.code))
        return fail("not_executable", `cannot be executed (exit ${ending.code})`);
      if (ending.code !== 0)
        return fail("self_test_failed", `ended with ${ending.signal ?? `exit ${ending.code}`}`);
      const version = LAST_LINE.exec(output.stdout.lastLine())?.[1];
      if (version === undefined)
        return fail("self_test_failed", `the last line is not "fleet-agent <version> ok"`);
      if (!sameVersion(version, options.expectedVersion))
        return fail("self_test_wrong_version", `says it is ${version}, not ${options.expectedVersion}`);
      return { ok: true };
    }
  }
}

function run(options: SelfTestOptions, output: Output): Promise<Ending> {
  return new Promise((resolve) => {
    const child = spawn(options.path, ["--self-test", "--config", options.configPath], {
      stdio: ["ignore", "pipe", "pipe"],
      detached: true, // a process group of its own, so that all of it can be killed
    });
    const kill = (): void => killGroup(child);
    const finish = (ending: Ending): void => {
      clearTimeout(timer);
      options.signal.removeEventListener("abort", kill);
      resolve(ending);
    };
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      kill();
    }, options.timeoutMs);
    options.signal.addEventListener("abort", kill);
    child.stdout.on("data", (chunk: Buffer) => {
      output.stdout.add(chunk);
      output.all.add(chunk);
    });
    child.stderr.on("data", (chunk: Buffer) => output.all.add(chunk));
    child.once("error", (error) => finish({ kind: "unstartable", error }));
    child.once("exit", () => kill()); // nothing that it started may hold its output open
    child.once("close", (code, signal) =>
      finish(timedOut ? { kind: "timeout" } : { kind: "exit", code, signal }),
    );
  });
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // The whole group has ended.
  }
}
