/** What of the API can be set (docs/configuration.md). */
export interface ApiSettings {
  /** Names, besides loopback ones, under which this service may be asked (`Host`), such as `ledger.example.org`. */
  readonly httpHosts: readonly string[];
  /** Listen on an address that other machines can reach, although there are no API keys yet. */
  readonly httpAllowRemote: boolean;
  /** Largest artifact that may be uploaded, bytes. */
  readonly artifactMaxBytes: number;
  /** Longest wait that `Prefer: wait=…` gets, milliseconds. */
  readonly maxWaitMs: number;
  /** `/readyz` fails when the projections are further behind the ledger than this many events. */
  readonly readyMaxLag: number;
  /** How often a client that follows the ledger hears something, even if nothing happens, milliseconds. */
  readonly sseHeartbeatMs: number;
}

export const API_DEFAULTS: ApiSettings = {
  httpHosts: [],
  httpAllowRemote: false,
  artifactMaxBytes: 256 * 1024 * 1024,
  maxWaitMs: 30_000,
  readyMaxLag: 10_000,
  sseHeartbeatMs: 15_000,
};
