import type { NatsConnection } from "@nats-io/transport-node";
import { Version } from "@upgrade-ledger/contract";
import { createWriter, ledgerOf, newInstanceId } from "@upgrade-ledger/ledger";
import { DEFAULT_TIMINGS, type TimingSettings } from "@upgrade-ledger/projections";
import type { FastifyBaseLogger } from "fastify";
import { createApp } from "./app/create-app.ts";
import { isLoopback } from "./app/guard.ts";
import { describeApi, serveOpenApi } from "./app/open-api.ts";
import { ArtifactContents } from "./artifact/artifact-contents.ts";
import type { AddDevice, ApiContext, WithheldReasons } from "./context.ts";
import { PageTokens } from "./paging/page-token.ts";
import { registerRoutes } from "./routes/all.ts";
import { healthRoutes } from "./routes/health.ts";
import type { HealthCheck } from "./schema/health.ts";
import { API_DEFAULTS, type ApiSettings } from "./settings.ts";
import { ConnectionWatch } from "./view/connection-watch.ts";
import { LedgerHeadWatch } from "./view/head-watch.ts";
import { ReadModel } from "./view/read-model.ts";

export interface ApiOptions {
  /** A connection as the role `api`. Stays open when the API stops. */
  readonly nc: NatsConnection;
  /** Port 0: one that is free. */
  readonly http: { readonly host: string; readonly port: number };
  readonly log: FastifyBaseLogger;
  /** Who asks, as the ledger records it: `local:<os user>`. */
  readonly actor: string;
  /** Version of this program. */
  readonly version: string;
  /** The `Ledger-Signature` of what it writes, by the operator's key; default: unsigned. */
  readonly sign?: (data: Uint8Array) => string;
  readonly settings?: Partial<ApiSettings>;
  /** The timings of the fleet, for status and `waiting_for`. */
  readonly timings?: TimingSettings;
  /** From the coordinator, where it runs in the same process. */
  readonly withheldReasons?: WithheldReasons;
  /** Where this process runs the NATS server. */
  readonly addDevice?: AddDevice;
  /** Further checks for `/readyz`. */
  readonly checks?: () => readonly HealthCheck[];
  /** Check every answer against its schema: for tests. */
  readonly checkAnswers?: boolean;
  readonly now?: () => number;
}

export interface Api {
  /** `http://127.0.0.1:8080` */
  readonly url: string;
  /** Ends open requests and stops following the projections. */
  stop(): Promise<void>;
}

/**
 * Starts the query API: loads the projections, then listens.
 *
 * @throws Error when the address can be reached by others and that is not allowed, or is taken; the client's errors when
 * the streams cannot be read
 */
export async function startApi(options: ApiOptions): Promise<Api> {
  const settings = { ...API_DEFAULTS, ...options.settings };
  const { host, port } = options.http;
  if (!isLoopback(host) && !settings.httpAllowRemote) {
    throw new Error(
      `${host} can be reached by other machines, and this service has no API keys yet: anybody could upgrade the fleet. Listen on 127.0.0.1, or set http_allow_remote if something in front of it checks who asks.`,
    );
  }
  const context = createContext(options, settings);
  const app = await createApp({
    log: options.log,
    httpHosts: settings.httpHosts,
    checkAnswers: options.checkAnswers ?? false,
  });
  await describeApi(app, options.version);
  await registerRoutes(app, context);
  const connection = new ConnectionWatch(options.nc);
  healthRoutes(app, context, () => connection.up);
  serveOpenApi(app);
  const stop = async (): Promise<void> => {
    await app.close();
    await Promise.all([context.model.stop(), context.head.stop()]);
  };
  try {
    await Promise.all([context.head.start(), context.model.start()]);
    const url = await app.listen({ host, port });
    return { url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function createContext(options: ApiOptions, settings: ApiSettings): ApiContext {
  const { nc, log, actor } = options;
  const version = Version.parse(options.version);
  const now = options.now ?? Date.now;
  const ledger = ledgerOf(nc);
  return {
    model: new ReadModel(nc, log, now),
    head: new LedgerHeadWatch(ledger, log),
    ledger,
    writer: createWriter({ ledger, role: "api", instanceId: newInstanceId(), version, ...signing(options) }),
    contents: new ArtifactContents(nc),
    tokens: new PageTokens(),
    settings,
    timings: options.timings ?? DEFAULT_TIMINGS,
    actor,
    version,
    now,
    withheldReasons: options.withheldReasons ?? (() => undefined),
    addDevice: options.addDevice,
    checks: options.checks ?? (() => []),
  };
}

function signing({ sign }: ApiOptions): Pick<ApiOptions, "sign"> {
  return sign === undefined ? {} : { sign };
}
