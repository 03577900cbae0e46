import { CommanderError } from "@commander-js/extra-typings";
import { CliError } from "../cli-error.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";

/** Tells of a failure on stderr, in words or (`-o json`) as a problem, and answers the exit code. */
export function reportError(error: unknown, asJson: boolean): ExitCode {
  if (error instanceof CommanderError) {
    // Help and version are no failures; commander has written them.
    if (error.exitCode === 0) return EXIT.ok;
    const message = error.message.replace(/^error: /, "");
    write(asJson, new CliError(message, { exitCode: EXIT.usage, hint: "see --help" }));
    return EXIT.usage;
  }
  const failure = error instanceof CliError ? error : new CliError(messageOf(error), { cause: error });
  write(asJson, failure);
  return failure.exitCode;
}

function write(asJson: boolean, error: CliError): void {
  process.stderr.write(asJson ? `${JSON.stringify(problemOf(error))}\n` : inWords(error));
}

function problemOf(error: CliError) {
  if (error.problem !== undefined) return error.problem;
  const code = CODES[error.exitCode];
  return {
    type: `urn:upgrade-ledger:problem:${code}`,
    code,
    title: error.message,
    detail: error.hint === undefined ? error.message : `${error.message} (${error.hint})`,
  };
}

const CODES: Readonly<Record<ExitCode, string>> = {
  [EXIT.ok]: "ok",
  [EXIT.failure]: "failure",
  [EXIT.usage]: "usage",
  [EXIT.notFound]: "not_found",
  [EXIT.notAllowed]: "not_allowed",
  [EXIT.integrity]: "integrity",
  [EXIT.unreachable]: "unreachable",
  [EXIT.interrupted]: "interrupted",
};

function inWords(error: CliError): string {
  const hint = error.hint === undefined ? "" : `hint: ${error.hint}\n`;
  return `error: ${error.message}\n${hint}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
