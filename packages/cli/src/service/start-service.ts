import type { NatsConnection } from "@nats-io/transport-node";
import { startApi, type Api, type HealthCheck, type ProcessCounts } from "@upgrade-ledger/api";
import type { Signer } from "@upgrade-ledger/ledger";
import { OPERATOR_ROLES, startOperator, type Operator } from "@upgrade-ledger/operator";
import type { Logger } from "pino";
import type { Settings } from "../settings/definitions.ts";
import { apiTimings, operatorSettings } from "../settings/timings.ts";
import { VERSION } from "../version.ts";
import { localActor } from "./actor.ts";
import { openBroker, type Broker } from "./broker.ts";
import { type OperatorKeys, operatorKeys, startProving } from "./proof.ts";

/** Everything that one `serve` runs. */
export interface Service {
  /** `undefined` without the role `api`. */
  readonly apiUrl: string | undefined;
  readonly natsUrl: string;
  readonly embedded: boolean;
  /** Stops all of it in good order. Idempotent. */
  stop(): Promise<void>;
}

/** Starts broker, operator and API as the settings say. What has been started is stopped again if a later part fails. */
export async function startService(
  settings: Settings,
  log: Logger,
  onLost: (reason: string) => void,
): Promise<Service> {
  const started: (() => Promise<void>)[] = [];
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopping ??= stopAll(started));
  try {
    const broker = await openBroker(settings, log, onLost);
    started.push(() => broker.stop());
    const connect = async (role: "operator" | "api"): Promise<NatsConnection> => {
      const nc = await broker.connect(role);
      started.push(() => nc.close());
      return nc;
    };
    const keys = await operatorKeys(settings);
    const roles = OPERATOR_ROLES.filter((role) => settings.roles.includes(role));
    let operator: Operator | undefined;
    if (roles.length > 0) {
      const nc = await connect("operator");
      const running = await startOperator({
        nc,
        roles,
        log: log.child({ module: "operator" }),
        settings: operatorSettings(settings),
        version: VERSION,
        ...signing(keys),
      });
      started.push(() => running.stop());
      operator = running;
      if (settings.roles.includes("projector")) {
        const proving = await startProving(nc, keys, settings, log.child({ module: "checkpointer" }));
        if (proving !== undefined) started.push(() => proving.stop());
      }
    }
    let apiUrl: string | undefined;
    if (settings.roles.includes("api")) {
      const api = await startQueryApi(settings, log, await connect("api"), broker, operator, keys);
      started.push(() => api.stop());
      apiUrl = api.url;
    }
    return { apiUrl, natsUrl: broker.url, embedded: broker.embedded !== undefined, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The last started first. One that fails to stop keeps no other from stopping. */
async function stopAll(started: readonly (() => Promise<void>)[]): Promise<void> {
  let failure: unknown;
  for (const stop of started.toReversed()) {
    try {
      await stop();
    } catch (error) {
      failure ??= error;
    }
  }
  if (failure !== undefined) throw failure;
}

function startQueryApi(
  settings: Settings,
  log: Logger,
  nc: NatsConnection,
  { devices }: Broker,
  operator: Operator | undefined,
  keys: OperatorKeys,
): Promise<Api> {
  const at = settings.http.lastIndexOf(":");
  const host = settings.http.slice(0, at).replace(/^\[|\]$/g, "");
  return startApi({
    nc,
    http: { host, port: Number(settings.http.slice(at + 1)) },
    log: log.child({ module: "api" }),
    actor: localActor(),
    version: VERSION,
    ...signing(keys),
    timings: apiTimings(settings),
    settings: {
      httpHosts: settings.http_hosts,
      httpAllowRemote: settings.http_allow_remote,
      artifactMaxBytes: settings.artifact_max_bytes,
      maxWaitMs: settings.max_wait_ms,
      readyMaxLag: settings.ready_max_lag,
    },
    checks: () => (operator === undefined ? [] : [operatorCheck(operator)]),
    withheldReasons: (deviceId) => {
      const withheld = operator?.withheldReason(deviceId);
      return withheld === undefined ? undefined : { waitingFor: withheld.waiting_for };
    },
    ...(operator === undefined ? {} : { processCounts: () => countsOf(operator) }),
    ...(devices === undefined ? {} : { addDevice: (device) => devices.addDevice(device) }),
  });
}

function signing({ writer }: OperatorKeys): Partial<Pick<Signer, "sign">> {
  return writer === undefined ? {} : { sign: writer.sign };
}

function operatorCheck(operator: Operator): HealthCheck {
  const { connected, failure } = operator.health();
  const detail = failure ?? (connected ? "acting" : "not connected to the NATS server");
  return { name: "operator", ok: connected && failure === null, detail };
}

function countsOf(operator: Operator): ProcessCounts {
  return { ...operator.counts(), stopsWithheld: operator.withheldReasons() };
}
