// The operator's keys in its data folder: one signs checkpoints, the other its events (docs/verify.md).
import { join } from "node:path";
import { type Signer, signerOf } from "@upgrade-ledger/ledger";
import { newDeviceKey } from "@upgrade-ledger/nats";
import { newSignerKey, type NoteSigner, parseSignerKey } from "../checkpoint/note-key.ts";
import { readIfThere, readOrCreate } from "./create-once.ts";

const SECRET = 0o600;
const PUBLIC = 0o644;

export const KEY_FILES = {
  checkpointSigner: "checkpoint.key",
  /** For auditors. */
  checkpointVerifier: "checkpoint.pub",
  writerSeed: "writer.seed",
  /** For auditors. */
  writerPublic: "writer.pub",
} as const;

/** The key that signs checkpoints, made at the first call; its public half stands beside it. */
export async function loadOrCreateCheckpointKey(folder: string, name: string): Promise<NoteSigner> {
  const text = await readOrCreate(
    join(folder, KEY_FILES.checkpointSigner),
    SECRET,
    () => `${newSignerKey(name)}\n`,
  );
  const signer = parseSignerKey(text);
  await readOrCreate(join(folder, KEY_FILES.checkpointVerifier), PUBLIC, () => `${signer.verifier.text}\n`);
  return signer;
}

/** The key that signs what the operator's side appends, made at the first call; its public half stands beside it. */
export async function loadOrCreateWriterKey(folder: string): Promise<Signer> {
  const text = await readOrCreate(
    join(folder, KEY_FILES.writerSeed),
    SECRET,
    () => `${newDeviceKey().seed}\n`,
  );
  const signer = signerOf(text);
  await readOrCreate(join(folder, KEY_FILES.writerPublic), PUBLIC, () => `${signer.publicKey}\n`);
  return signer;
}

/** The key that signs checkpoints, if the folder has one. */
export async function loadCheckpointKey(folder: string): Promise<NoteSigner | undefined> {
  const text = await readIfThere(join(folder, KEY_FILES.checkpointSigner));
  return text === undefined ? undefined : parseSignerKey(text);
}

/** The key that signs what the operator's side appends, if the folder has one. */
export async function loadWriterKey(folder: string): Promise<Signer | undefined> {
  const text = await readIfThere(join(folder, KEY_FILES.writerSeed));
  return text === undefined ? undefined : signerOf(text);
}
