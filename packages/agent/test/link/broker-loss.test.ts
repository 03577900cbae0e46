// The broker dies and comes back in the middle of a cutover: both agents stay, and the upgrade ends as if nothing had been (G2, G4).
import { startNatsServer } from "@upgrade-ledger/nats";
import { startLedgerServer, waitFor } from "@upgrade-ledger/testkit";
import { expect, it, onTestFinished } from "vitest";
import { askAll } from "../../src/socket/status-socket.ts";
import { startDevice } from "../e2e/agent-device.ts";
import { build } from "../e2e/built.ts";

it("both agents outlive the broker, and the upgrade is finished after it is back", async () => {
  const server = await startLedgerServer();
  const built = await build({ "0.1.1": undefined, "0.1.2": undefined });
  onTestFinished(async () => {
    await server.stop();
    await built.remove();
  });
  const device = await startDevice({ server, built, deviceId: "pi-0021", version: "0.1.1" });
  const { operator, stateDir } = device;
  const workloads = await device.workloadPids();
  const upgradeId = await operator.ask("0.1.2", built.artifact("0.1.2"));
  const ready = await operator.waitForEvent("cutover-ready", upgradeId);
  await operator.waitForHeartbeat("0.1.2");
  const before = await askAll(stateDir);
  const connected = async (up: boolean) => {
    const all = await askAll(stateDir);
    return all.length === 2 && all.every((one) => one.connected === up);
  };

  const { port } = server.nats;
  await server.nats.kill();
  await waitFor(() => connected(false), { describe: "both agents to notice that the broker is gone" });
  const again = await startNatsServer({ dataDir: server.dataDir, port });
  onTestFinished(() => again.stop());
  await waitFor(() => connected(true), { describe: "both agents to be connected again" });

  const pids = (all: typeof before) => all.map(({ pid }) => pid).toSorted((a, b) => a - b);
  expect(pids(await askAll(stateDir))).toEqual(pids(before));
  await operator.stop(upgradeId, ready, await operator.waitForHeartbeat("0.1.2"));
  expect(await operator.waitForEvent("done", upgradeId)).toMatchObject({ to_version: "0.1.2" });
  expect(operator.types(upgradeId).filter((type) => type === "done" || type === "stopping")).toEqual([
    "stopping",
    "done",
  ]);
  expect(await device.workloadPids()).toEqual(workloads);
});
