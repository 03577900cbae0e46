export { startLedgerServer } from "./ledger-server.ts";
export type { LedgerServer, LedgerServerOptions } from "./ledger-server.ts";
export { waitFor } from "./wait-for.ts";
export type { WaitOptions } from "./wait-for.ts";
