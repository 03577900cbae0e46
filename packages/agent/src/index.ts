// The agent as a library: for bundles with a compiled-in version, for the demo, for tests.
export { type RunAgentOptions, runAgent } from "./cli/run-agent.ts";
export { EXIT } from "./cli/exit-codes.ts";
export { createProcessSupervisor, type ProcessSupervisorOptions } from "./supervisor/process-supervisor.ts";
export { type Supervisor, SupervisorError, type UnitStatus } from "./supervisor/supervisor.ts";
export { askAll, askStatus, type Status } from "./socket/status-socket.ts";
