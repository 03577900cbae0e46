// Pure folds of the ledger into documents, and how to read them. Imports only the contract (spec §6).
export * from "./catalogue/document.ts";
export * from "./device/document.ts";
export * from "./history/document.ts";
export * from "./projection.ts";
export * from "./quarantine/document.ts";
export * from "./read/fleet-summary.ts";
export * from "./read/live.ts";
export * from "./read/probation.ts";
export * from "./read/sentence.ts";
export * from "./read/status.ts";
export * from "./read/waiting-for.ts";
export * from "./read/why.ts";
