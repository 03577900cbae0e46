// The measured side: NATS, the API over made-up devices, and beside it a bare Fastify that returns the same bytes.
import { startApi } from "@upgrade-ledger/api";
import { BUCKETS } from "@upgrade-ledger/contract";
import { startLedgerServer, type LedgerServer } from "@upgrade-ledger/testkit";
import fastify from "fastify";
import { destination, pino } from "pino";
import { deviceOf } from "./devices.ts";
import { QUESTIONS } from "./questions.ts";

const BATCH = 1_000;

async function store(server: LedgerServer, count: number): Promise<void> {
  const nc = await server.connect("operator");
  for (let number = 0; number < count; number += 1) {
    const device = deviceOf(number);
    nc.publish(`$KV.${BUCKETS.devices}.${device.device_id}`, JSON.stringify(device));
    if (number % BATCH === 0) await nc.flush();
  }
  const last = deviceOf(count - 1);
  await nc.request(`$KV.${BUCKETS.devices}.${last.device_id}`, JSON.stringify(last), { timeout: 60_000 });
}

/** What the API answers now, from memory, with nothing around it. */
async function startBare(api: string): Promise<string> {
  const app = fastify();
  for (const { path } of QUESTIONS) {
    const body = await (await fetch(`${api}${path}`)).text();
    app.get(new URL(path, api).pathname, (_request, reply) => {
      void reply.type("application/json; charset=utf-8").send(body);
    });
  }
  return app.listen({ host: "127.0.0.1", port: 0 });
}

const devices = Number(process.argv[2]);
const server = await startLedgerServer();
process.once("SIGTERM", () => void server.stop().then(() => process.exit(0)));
await store(server, devices);
const start = performance.now();
const api = await startApi({
  nc: await server.connect("api"),
  http: { host: "127.0.0.1", port: 0 },
  // As the service logs: one line per request.
  log: pino({ level: "info" }, destination({ dest: "/dev/null", sync: false })),
  actor: "local:bench",
  version: "0.1.0",
});
const loadedMs = performance.now() - start;
process.send?.({ api: api.url, bare: await startBare(api.url), devices, loadedMs });
