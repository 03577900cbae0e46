import type { Problem } from "@upgrade-ledger/api/schema";
import type { z } from "zod";
import { EXIT, type ExitCode } from "./exit-codes.ts";

type ServiceProblem = z.infer<typeof Problem>;

/** A failure that a person is told of in one line, with what to do about it. */
export class CliError extends Error {
  override readonly name = "CliError";
  readonly exitCode: ExitCode;
  readonly hint: string | undefined;
  /** What the service answered, if it was the service. */
  readonly problem: ServiceProblem | undefined;

  constructor(
    message: string,
    options: ErrorOptions & { exitCode?: ExitCode; hint?: string | undefined; problem?: ServiceProblem } = {},
  ) {
    super(message, options);
    this.exitCode = options.exitCode ?? EXIT.failure;
    this.hint = options.hint;
    this.problem = options.problem;
  }
}
