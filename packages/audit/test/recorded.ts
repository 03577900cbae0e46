// A real ledger of two signing devices, recorded with its checkpoints: the original that the tests tamper with copies of.
import { type InstanceId, upgradeIdOf, Version } from "@upgrade-ledger/contract";
import { newEventId, type RawEntry } from "@upgrade-ledger/ledger";
import type { LedgerServer } from "@upgrade-ledger/testkit";
import {
  CheckpointLog,
  entryLeafHash,
  MerkleTree,
  newSignerKey,
  parseSignerKey,
  signCheckpoint,
  type StoredCheckpoint,
} from "../src/index.ts";
import { addDevice, draining, openScene, started, type TestDevice } from "./scene.ts";

export interface Recorded {
  readonly entries: readonly RawEntry[];
  readonly checkpoints: readonly StoredCheckpoint[];
  readonly checkpointKey: string;
  readonly operatorKey: string;
}

/** Every chain holds 4 events at least; the last checkpoint leaves the last 3 events uncovered. */
export async function recordLedger(server: LedgerServer): Promise<Recorded> {
  const scene = await openScene(server);
  const devices = [await addDevice(server, scene, "pi-1"), await addDevice(server, scene, "pi-2")];
  for (const device of devices) await liveALittle(device, scene);
  const entries: RawEntry[] = [];
  // Whole: headers are otherwise read on demand, and would be lost to copies.
  for await (const raw of scene.ledger.readRaw()) {
    const { seq, subject, ledgerTime, data, headers } = raw;
    entries.push({ seq, subject, ledgerTime, data, headers });
  }
  const signer = parseSignerKey(newSignerKey("ledger.test"));
  const log = await CheckpointLog.open(await server.connect("operator"));
  const sizes = [Math.floor(entries.length / 2), entries.length - 3];
  for (const [index, size] of sizes.entries()) {
    await log.append(checkpointOf(entries, size, signer, [scene.operatorKey.publicKey]), index);
  }
  return {
    entries,
    checkpoints: await log.all(),
    checkpointKey: signer.verifier.text,
    operatorKey: scene.operatorKey.publicKey,
  };
}

/** What an honest (or, with another key, a dishonest) signer says of the first events. */
export function checkpointOf(
  entries: readonly RawEntry[],
  size: number,
  signer: ReturnType<typeof parseSignerKey>,
  writerKeys: readonly string[],
): string {
  const tree = new MerkleTree();
  for (const entry of entries.slice(0, size)) tree.append(entryLeafHash(entry));
  const lastSeq = entries[size - 1]?.seq ?? 0;
  const signedAt = "2026-05-06T22:51:14.000Z";
  return signCheckpoint(
    { origin: "ledger.test", size, root: tree.root(), lastSeq, signedAt, writerKeys },
    signer,
  );
}

async function liveALittle(device: TestDevice, scene: Awaited<ReturnType<typeof openScene>>): Promise<void> {
  const { id } = device;
  const old = device.newInstance();
  const version = Version.parse("0.1.1");
  await old.append(started);
  for (let round = 0; round < 3; round += 1) {
    await old.append(draining());
    await scene.observer.append(id, {
      type: "agent-observed",
      instance_id: instanceOf(old),
      current_version: version,
      agent_state: "running",
    });
    await scene.api.append(id, {
      type: "desired-version",
      upgrade_id: upgradeOf(),
      desired_version: null,
      artifact: null,
      actor: "local:test",
      reason: "",
    });
  }
  const fresh = device.newInstance(old.last);
  for (const draft of [started, draining(), draining(), draining()]) await fresh.append(draft);
}

function instanceOf(agent: {
  readonly last: { readonly event: { readonly writer: { readonly instance_id: InstanceId } } } | undefined;
}): InstanceId {
  if (agent.last === undefined) throw new Error("it has written nothing");
  return agent.last.event.writer.instance_id;
}

const upgradeOf = () => upgradeIdOf(newEventId());
