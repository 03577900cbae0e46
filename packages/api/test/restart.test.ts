// The broker is killed and comes back: the API goes on without being started again.
import { newDeviceKey, startNatsServer } from "@upgrade-ledger/nats";
import { startOperator } from "@upgrade-ledger/operator";
import { startLedgerServer, waitFor } from "@upgrade-ledger/testkit";
import { pino } from "pino";
import { expect, it } from "vitest";
import { startApi } from "../src/index.ts";

it("follows the projections again after the broker was killed", async () => {
  const log = pino({ level: "silent" });
  const server = await startLedgerServer();
  const operator = await startOperator({ nc: await server.connect("operator"), log });
  const api = await startApi({
    nc: await server.connect("api"),
    http: { host: "127.0.0.1", port: 0 },
    log,
    actor: "local:ada",
    version: "0.1.0",
    // The server knows no devices here: what counts is the event.
    addDevice: () => Promise.resolve(),
    checkAnswers: true,
  });
  const enrol = (id: string) =>
    fetch(`${api.url}/v1/devices/${id}/enrolment`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ public_key: newDeviceKey().publicKey }),
    });
  const isKnown = async (id: string) => (await fetch(`${api.url}/v1/devices/${id}`)).ok;

  expect((await enrol("before-1")).status).toBe(201);
  await waitFor(() => isKnown("before-1"), { describe: "the first device to be known" });
  const { port } = server.nats;
  await server.nats.kill();
  await waitFor(async () => (await fetch(`${api.url}/readyz`)).status === 503, {
    describe: "the API to notice",
  });
  expect(await isKnown("before-1")).toBe(true);

  const again = await startNatsServer({ dataDir: server.dataDir, port });
  await waitFor(async () => (await fetch(`${api.url}/readyz`)).ok, {
    describe: "the API to be ready",
    timeoutMs: 60_000,
  });
  await waitFor(async () => (await enrol("after-1")).status === 201, {
    describe: "the second enrolment",
    timeoutMs: 60_000,
  });
  await waitFor(() => isKnown("after-1"), { describe: "the second device to be known", timeoutMs: 60_000 });
  await api.stop();
  await operator.stop();
  await again.stop();
  await server.stop();
});
