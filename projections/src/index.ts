// Pure folds of the ledger into documents, and how to read them. Imports only the contract (spec §6).
export * from "./catalogue/document.ts";
export { catalogueProjection } from "./catalogue/projection.ts";
export * from "./device/document.ts";
export { deviceProjection } from "./device/projection.ts";
export * from "./fold.ts";
export * from "./history/document.ts";
export { historyProjection } from "./history/projection.ts";
export type { HistoryState } from "./history/state.ts";
export * from "./projection.ts";
export * from "./quarantine/document.ts";
export { quarantineProjection, type QuarantineState } from "./quarantine/projection.ts";
export * from "./read/fleet-summary.ts";
export * from "./read/live.ts";
export * from "./read/probation.ts";
export * from "./read/sentence.ts";
export * from "./read/status.ts";
export * from "./read/stored-history.ts";
export * from "./read/waiting-for.ts";
export * from "./read/why.ts";
export { type Difference, differencesOf } from "./replay/difference.ts";
export type { JsonPatchOperation } from "./replay/json-patch.ts";
export { entryOfRecorded } from "./replay/recorded.ts";
export {
  type DeviceState,
  Replay,
  type ReplayCause,
  type ReplayedEvent,
  type ReplaySelection,
  type ReplayStep,
  stateOf,
} from "./replay/replay.ts";
