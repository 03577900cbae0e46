// The command line program and the service that it runs (spec §9).
export { EXIT, type ExitCode } from "./exit-codes.ts";
export { createProgram } from "./program.ts";
export { flagOf, SETTING_KEYS, SETTINGS, type SettingKey, variableOf } from "./settings/definitions.ts";
