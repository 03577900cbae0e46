// A real server, a real operator and a real API for one test file.
import type { NatsConnection } from "@nats-io/transport-node";
import { DeviceId, type InstanceId, UpgradeId, Version } from "@upgrade-ledger/contract";
import { createWriter, ledgerOf, type LedgerWriter, newInstanceId } from "@upgrade-ledger/ledger";
import { startOperator } from "@upgrade-ledger/operator";
import { DEFAULT_TIMINGS } from "@upgrade-ledger/projections";
import { startLedgerServer, waitFor, type LedgerServer } from "@upgrade-ledger/testkit";
import { pino } from "pino";
import { z } from "zod";
import { startApi, type ApiSettings } from "../src/index.ts";

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly json: unknown;
  readonly text: string;
}

export interface World {
  readonly server: LedgerServer;
  readonly url: string;
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  put(path: string, body: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** Waits until the projections have taken in everything that the ledger holds now. */
  caughtUp(): Promise<void>;
  agent(deviceId: string, version: string): Promise<TestAgent>;
  stop(): Promise<void>;
}

/** An agent as far as its messages go. */
export interface TestAgent {
  readonly deviceId: DeviceId;
  readonly instanceId: InstanceId;
  readonly nc: NatsConnection;
  readonly writer: LedgerWriter;
  heartbeat(state?: string): void;
  info(labels: Record<string, string>, platform?: string): Promise<void>;
}

const SILENT = pino({ level: "silent" });

export async function startWorld(settings: Partial<ApiSettings> = {}): Promise<World> {
  const server = await startLedgerServer();
  const operator = await startOperator({
    nc: await server.connect("operator"),
    log: SILENT,
    settings: { soakMs: 300, deadlineMs: 2_000 },
  });
  const api = await startApi({
    nc: await server.connect("api"),
    http: { host: "127.0.0.1", port: 0 },
    log: SILENT,
    actor: "local:ada",
    version: "0.1.0",
    settings,
    timings: { ...DEFAULT_TIMINGS, soakMs: 300 },
    addDevice: (device) => server.nats.addDevice(device),
    checkAnswers: true,
  });
  const ledger = ledgerOf(await server.connect("api"));
  const ask = async (path: string, init: RequestInit): Promise<Answer> => {
    const answer = await fetch(`${api.url}${path}`, init);
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, text, json: parse(text) };
  };
  return {
    server,
    url: api.url,
    get: (path, headers = {}) => ask(path, { headers }),
    put: (path, body, headers = {}) =>
      ask(path, {
        method: "PUT",
        body: typeof body === "string" ? body : JSON.stringify(body),
        headers: { "content-type": "application/json", ...headers },
      }),
    caughtUp: async () => {
      const { lastSeq } = await ledger.head();
      const answer = await fetch(`${api.url}/v1/fleet/summary`, {
        headers: { "ledger-min-seq": String(lastSeq), prefer: "wait=20" },
      });
      if (!answer.ok) throw new Error(await answer.text());
    },
    agent: (deviceId, version) => startAgent(server, deviceId, version),
    stop: async () => {
      await api.stop();
      await operator.stop();
      await server.stop();
    },
  };
}

async function startAgent(server: LedgerServer, id: string, version: string): Promise<TestAgent> {
  const deviceId = DeviceId.parse(id);
  const nc = await server.connectDevice(id);
  const instanceId = newInstanceId();
  const current = Version.parse(version);
  return {
    deviceId,
    instanceId,
    nc,
    writer: createWriter({ ledger: ledgerOf(nc), role: "agent", instanceId, version: current }),
    heartbeat: (state = "running") =>
      nc.publish(
        `device-heartbeat.${id}.${instanceId}`,
        JSON.stringify({
          device_id: id,
          instance_id: instanceId,
          current_version: version,
          agent_state: state,
          interval_ms: 10_000,
          sent_at: new Date().toISOString(),
        }),
      ),
    info: async (labels, platform = "linux-x64") => {
      await nc.request(
        `$KV.device-info.info.${id}`,
        JSON.stringify({
          device_id: id,
          instance_id: instanceId,
          current_version: version,
          platform,
          labels,
          updated_at: new Date().toISOString(),
        }),
      );
    },
  };
}

/** A device that has been seen running a version. */
export async function seenDevice(world: World, id: string, version: string): Promise<TestAgent> {
  const agent = await world.agent(id, version);
  agent.heartbeat();
  await waitFor(
    async () => {
      const { json } = await world.get(`/v1/devices/${id}`);
      return z.looseObject({ current_version: z.literal(version) }).safeParse(json).success;
    },
    { describe: `${id} to be seen with ${version}` },
  );
  return agent;
}

export const ARTIFACT = {
  platform: "any",
  url: "https://files.example.org/fleet-agent-v0.1.2",
  sha256: "a".repeat(64),
  size_bytes: 1000,
  signature: "untrusted comment: test\nRUQ=\ntrusted comment: file:fleet-agent-v0.1.2\nAA==\n",
} as const;

export const Accepted = z.looseObject({
  upgrade_id: UpgradeId,
  ledger_seq: z.number(),
  event_id: z.string(),
});
export const Items = z.looseObject({ items: z.array(z.looseObject({})), next_page_token: z.string() });
export const ProblemBody = z.looseObject({
  code: z.string(),
  status: z.number(),
  detail: z.string(),
  errors: z
    .array(z.looseObject({ pointer: z.string().optional(), parameter: z.string().optional() }))
    .optional(),
});

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
