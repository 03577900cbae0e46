// A ledger with signed chains of a device and of the operator's side, on a real server.
import { DeviceId, HEADERS, upgradeIdOf } from "@upgrade-ledger/contract";
import {
  Chain,
  createWriter,
  type Draft,
  type Ledger,
  ledgerOf,
  type LedgerWriter,
  newEventId,
  newInstanceId,
  type SealedEvent,
  type Signer,
  signerOf,
} from "@upgrade-ledger/ledger";
import { newDeviceKey } from "@upgrade-ledger/nats";
import type { LedgerServer } from "@upgrade-ledger/testkit";

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

export interface TestAgent {
  append(draft: Draft): Promise<SealedEvent>;
  /** What the next instance cites. */
  readonly last: SealedEvent | undefined;
}

export interface TestDevice {
  readonly id: DeviceId;
  readonly key: Signer;
  /** An instance of its agent; with the last event of the one before it. */
  newInstance(previous?: SealedEvent): TestAgent;
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
  return { id, key, newInstance: (previous) => agentOf(ledger, id, key, previous) };
}

function agentOf(
  ledger: Ledger,
  id: DeviceId,
  { sign }: Signer,
  previous: SealedEvent | undefined,
): TestAgent {
  const instance = { role: "agent", instanceId: newInstanceId(), version: "0.1.1" } as const;
  const chain = new Chain(instance, id, { sequence: 0, prevHash: previous?.hash ?? null });
  const agent = {
    last: previous,
    append: async (draft: Draft) => {
      const sealed = chain.next(draft, { eventId: newEventId(), occurredAt: new Date().toISOString() });
      const headers = { [HEADERS.signature]: sign(sealed.data) };
      const { eventId, subject, data } = sealed;
      const outcome = await ledger.appendEncoded({ eventId, subject, data, headers });
      if (outcome.kind !== "stored") throw new Error(`not stored: ${outcome.kind}`);
      chain.commit(sealed);
      agent.last = sealed;
      return sealed;
    },
  };
  return agent;
}

export const started: Draft = { type: "started", boot_reason: "install", previous_version: null };
export const draining = (): Draft => ({
  type: "draining",
  upgrade_id: upgradeIdOf(newEventId()),
  in_flight: 0,
});
