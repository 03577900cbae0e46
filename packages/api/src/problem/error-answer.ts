import { hasZodFastifySchemaValidationErrors } from "fastify-type-provider-zod";
import type { FastifyError } from "fastify";
import { isUnavailable } from "./unavailable.ts";
import { ApiProblem, type ProblemDetail } from "./problem.ts";

/** Every thrown thing as a problem of the table. What is not foreseen is `internal`, and says nothing of its cause. */
export function problemOf(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) return error;
  if (hasZodFastifySchemaValidationErrors(error)) return invalidRequest(error);
  if (isFastifyError(error)) {
    const known = problemOfFramework(error);
    if (known !== undefined) return known;
  }
  if (isUnavailable(error)) {
    return new ApiProblem("ledger_unavailable", "The NATS server did not answer in time.", { cause: error });
  }
  return new ApiProblem("internal", "The request could not be handled because of a fault in the service.", {
    cause: error,
  });
}

type Invalid = Parameters<typeof invalidRequest>[0];

function invalidRequest(error: {
  readonly validation: readonly {
    readonly instancePath: string;
    readonly keyword: string;
    readonly message?: string;
    readonly params: Record<string, unknown>;
  }[];
  readonly validationContext?: string | undefined;
}): ApiProblem {
  const errors = error.validation.flatMap((issue) => detailsOf(issue, error.validationContext));
  const unknown =
    error.validationContext === "querystring" &&
    error.validation.some(({ keyword }) => keyword === "unrecognized_keys");
  const first = errors[0];
  const where = first?.parameter ?? first?.pointer ?? "request";
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : "";
  return new ApiProblem(
    unknown ? "unknown_parameter" : "invalid_request",
    `${where}: ${first?.detail ?? "malformed"}${more}`,
    {
      errors,
    },
  );
}

function detailsOf(issue: Invalid["validation"][number], context: string | undefined): ProblemDetail[] {
  const place = (path: string): Pick<ProblemDetail, "pointer" | "parameter"> =>
    context === "body" ? { pointer: path } : { parameter: path.slice(1) };
  const keys: unknown = issue.params["keys"];
  if (issue.keyword === "unrecognized_keys" && Array.isArray(keys)) {
    const parent = issue.instancePath === "/" ? "" : issue.instancePath;
    return keys.map((key) => ({ ...place(`${parent}/${String(key)}`), detail: "is not known here" }));
  }
  return [{ ...place(issue.instancePath), detail: issue.message ?? "malformed" }];
}

function isFastifyError(error: unknown): error is FastifyError {
  return (
    error instanceof Error &&
    "code" in error &&
    typeof error.code === "string" &&
    error.code.startsWith("FST_")
  );
}

function problemOfFramework(error: FastifyError): ApiProblem | undefined {
  switch (error.code) {
    case "FST_ERR_CTP_BODY_TOO_LARGE":
      return new ApiProblem("body_too_large", "The body is larger than this route takes.");
    case "FST_ERR_CTP_INVALID_MEDIA_TYPE":
      return new ApiProblem("unsupported_media_type", "The route does not read this media type.");
    case "FST_ERR_CTP_EMPTY_JSON_BODY":
      return new ApiProblem("malformed_json", "The body is empty.");
    case "FST_ERR_CTP_INVALID_JSON_BODY":
      return new ApiProblem("malformed_json", "The body cannot be read as JSON.");
    case "FST_ERR_CTP_INVALID_CONTENT_LENGTH":
    case "FST_ERR_BAD_URL":
    case "FST_ERR_MAX_PARAM_LENGTH":
      return new ApiProblem("invalid_request", error.message);
  }
  return undefined;
}
