// The auditor as a command: where to look, which keys count, what was seen the last time.
import { join } from "node:path";
import {
  auditServer,
  goesOn,
  InvalidNoteKeyError,
  KEY_FILES,
  type ServerReport,
} from "@upgrade-ledger/audit";
import type { DeviceId } from "@upgrade-ledger/contract";
import { connectAs, passwordVariable } from "@upgrade-ledger/nats";
import { type BrokerAccess, embeddedAddress, passwordFor } from "../broker-access.ts";
import { CliError } from "../cli-error.ts";
import { EXIT } from "../exit-codes.ts";
import { readKeyIfThere, readKeys, readLastSeen, writeLastSeen } from "./auditor-files.ts";
export { wordsOf } from "./words.ts";

export interface VerifyOptions extends BrokerAccess {
  readonly keyFiles: readonly string[];
  readonly writerKeyFiles: readonly string[];
  readonly stateFile: string | undefined;
  readonly projections: boolean;
  readonly deviceId: DeviceId | undefined;
}

export interface VerifyOutcome extends ServerReport {
  /** What the last audit saw; `null` if this is the first. */
  readonly last_seen: { readonly size: number; readonly last_seq: number } | null;
  /** Where what was seen now is kept for the next audit. */
  readonly state_file: string;
}

/** The folder of the keys within a data folder. */
const KEYS = "keys";

/** @throws CliError when the server or a key cannot be had */
export async function runVerify(options: VerifyOptions): Promise<VerifyOutcome> {
  const { dataDir, deviceId, projections } = options;
  const stateFile = options.stateFile ?? join(dataDir, "verify.json");
  const lastSeen = await readLastSeen(stateFile);
  const keys = join(dataDir, KEYS);
  const named = await readKeys(options.keyFiles);
  const kept = lastSeen?.checkpoint_keys ?? [];
  const ours = await readKeyIfThere(join(keys, KEY_FILES.checkpointVerifier));
  const checkpointKeys = [named, kept, ours].find((each) => each.length > 0) ?? [];
  const writerKeys = [
    ...(await readKeys(options.writerKeyFiles)),
    ...(await readKeyIfThere(join(keys, KEY_FILES.writerPublic))),
  ];
  const nc = await connect(options);
  try {
    const { report, seen } = await auditServer({
      nc,
      checkpointKeys,
      writerKeys,
      lastSeen,
      deviceId,
      projections,
    });
    if (goesOn(report)) await writeLastSeen(stateFile, seen);
    const before = lastSeen === undefined ? null : { size: lastSeen.size, last_seq: lastSeen.last_seq };
    return { ...report, last_seen: before, state_file: stateFile };
  } catch (error) {
    if (!(error instanceof InvalidNoteKeyError)) throw error;
    throw new CliError(error.message, { cause: error, exitCode: EXIT.usage });
  } finally {
    await nc.close();
  }
}

async function connect(where: BrokerAccess) {
  const url = where.nats ?? (await embeddedAddress(where.dataDir));
  if (url === undefined) {
    throw new CliError(`no NATS server runs in ${where.dataDir}`, {
      exitCode: EXIT.unreachable,
      hint: "start `upgrade-ledger serve`, or name a server with --nats",
    });
  }
  const password = await passwordFor("api", where);
  if (password === undefined) {
    throw new CliError(`no password for ${url}`, {
      exitCode: EXIT.notAllowed,
      hint: `set ${passwordVariable("api")}`,
    });
  }
  try {
    return await connectAs({ url, as: { role: "api", password }, name: "verify" });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CliError(`${url}: ${reason}`, { cause: error, exitCode: EXIT.unreachable });
  }
}
