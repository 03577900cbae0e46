import { z } from "zod";
import { apiSchemas } from "../schema/registry.ts";
import { PROBLEMS, type ProblemCode } from "./problems.ts";

/** Where a fault of the request lies. */
export const ProblemDetail = z
  .object({
    /** JSON Pointer into the body. */
    pointer: z.string().optional(),
    /** Name of a path or query parameter, or of a header. */
    parameter: z.string().optional(),
    detail: z.string(),
  })
  .register(apiSchemas, { id: "ProblemDetail" });
export type ProblemDetail = z.infer<typeof ProblemDetail>;

/** An error as it is answered (RFC 9457, `application/problem+json`). */
export const Problem = z
  .looseObject({
    type: z.string(),
    code: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    instance: z.string(),
    errors: z.array(ProblemDetail).optional(),
  })
  .register(apiSchemas, { id: "Problem" });
export type Problem = z.infer<typeof Problem>;

export const PROBLEM_MEDIA_TYPE = "application/problem+json";

interface ProblemOptions extends ErrorOptions {
  readonly errors?: readonly ProblemDetail[];
  /** Further members of the answer. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

/** Thrown by a route to answer with a problem of the table. */
export class ApiProblem extends Error {
  override readonly name = "ApiProblem";
  readonly code: ProblemCode;
  readonly errors: readonly ProblemDetail[] | undefined;
  readonly extra: Readonly<Record<string, unknown>>;

  constructor(code: ProblemCode, detail: string, options: ProblemOptions = {}) {
    super(detail, options);
    this.code = code;
    this.errors = options.errors;
    this.extra = options.extra ?? {};
  }

  get status(): number {
    return PROBLEMS[this.code].status;
  }

  /** The answer's body. `instance`: the request that it is about. */
  body(instance: string): Problem {
    return {
      type: `urn:upgrade-ledger:problem:${this.code}`,
      code: this.code,
      title: PROBLEMS[this.code].title,
      status: this.status,
      detail: this.message,
      instance,
      ...(this.errors === undefined ? {} : { errors: [...this.errors] }),
      ...this.extra,
    };
  }
}
