// The query API over HTTP (spec §6).
export type { AddDevice, WithheldReasons } from "./context.ts";
export { PROBLEMS, type ProblemCode, type ProblemKind } from "./problem/problems.ts";
export type { HealthCheck } from "./schema/health.ts";
export { API_DEFAULTS, type ApiSettings } from "./settings.ts";
export { type Api, type ApiOptions, startApi } from "./start-api.ts";
export type { ProcessCounts } from "./metrics/process-counts.ts";
