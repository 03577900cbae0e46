// A ledger with signed chains of a device and of the operator's side, on a real server.
import { DeviceId } from "@upgrade-ledger/contract";
import {
  createWriter,
  type Draft,
  type Ledger,
  ledgerOf,
  type LedgerWriter,
  newEventId,
  newInstanceId,
  type Signer,
  signerOf,
} from "@upgrade-ledger/ledger";
import { newDeviceKey } from "@upgrade-ledger/nats";
import type { LedgerServer } from "@upgrade-ledger/testkit";
import { upgradeIdOf } from "@upgrade-ledger/contract";

export const silent = { debug: () => undefined, warn: () => undefined, error: () => undefined };

export interface Scene {
  /** With the right to read everything. */
  readonly ledger: Ledger;
  readonly operatorKey: Signer;
  readonly api: LedgerWriter;
  readonly observer: LedgerWriter;
}

/** Writers of the operator's side that sign with one key. */
export async function openScene(server: LedgerServer): Promise<Scene> {
  const operatorKey = signerOf(newDeviceKey().seed);
  const { sign } = operatorKey;
  const [apiLink, operatorLink] = [await server.connect("api"), await server.connect("operator")];
  const common = { version: "0.1.0", sign };
  return {
    ledger: ledgerOf(apiLink),
    operatorKey,
    api: createWriter({ ...common, ledger: ledgerOf(apiLink), role: "api", instanceId: newInstanceId() }),
    observer: createWriter({
      ...common,
      ledger: ledgerOf(operatorLink),
      role: "observer",
      instanceId: newInstanceId(),
    }),
  };
}

export interface TestDevice {
  readonly id: DeviceId;
  readonly key: Signer;
  /** A writer of another instance of its agent. */
  newInstance(): LedgerWriter;
}

/** A registered and enrolled device, whose agents sign with its key. */
export async function addDevice(server: LedgerServer, scene: Scene, name: string): Promise<TestDevice> {
  const id = DeviceId.parse(name);
  const { seed, publicKey } = await server.registerDevice(name);
  const ledger = ledgerOf(await server.connectDevice(name));
  const key = signerOf(seed);
  await scene.api.append(id, {
    type: "enrolled",
    public_key: publicKey,
    actor: "local:test",
    reason: "a test",
  });
  const newInstance = () =>
    createWriter({ ledger, role: "agent", version: "0.1.1", instanceId: newInstanceId(), sign: key.sign });
  return { id, key, newInstance };
}

export const started: Draft = { type: "started", boot_reason: "install", previous_version: null };
export const draining = (): Draft => ({
  type: "draining",
  upgrade_id: upgradeIdOf(newEventId()),
  in_flight: 0,
});
