// What the API answers: the one source for its OpenAPI document, its tests and its clients.
export * from "./artifact.ts";
export * from "./as-of.ts";
export * from "./command.ts";
export * from "./device.ts";
export * from "./event.ts";
export * from "./fleet.ts";
export * from "./health.ts";
export * from "./page.ts";
export * from "./registry.ts";
export * from "./replay.ts";
export * from "./upgrade.ts";
export { Problem, ProblemDetail } from "../problem/problem.ts";
export { API_DEFAULTS, type ApiSettings } from "../settings.ts";
