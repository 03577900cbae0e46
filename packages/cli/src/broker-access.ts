import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { passwordVariable, type Role } from "@upgrade-ledger/nats";
import { z } from "zod";

/** How a command that speaks NATS finds its server and gets in. */
export interface BrokerAccess {
  /** `nats://…`; default: the embedded server of the data folder. */
  readonly nats: string | undefined;
  readonly dataDir: string;
}

const Ports = z.looseObject({ nats: z.array(z.string()) });
const Secrets = z.record(z.string(), z.string());

/** A role's password: from the environment, or, for the embedded server, from the data folder. */
export async function passwordFor(role: Role, { nats, dataDir }: BrokerAccess): Promise<string | undefined> {
  const fromEnvironment = process.env[passwordVariable(role)];
  if (fromEnvironment) return fromEnvironment;
  if (nats !== undefined) return undefined;
  try {
    const text = await readFile(join(dataDir, "nats", "secrets.json"), "utf8");
    return Secrets.parse(JSON.parse(text))[role];
  } catch {
    return undefined;
  }
}

/** The embedded server writes its addresses to a file while it runs. */
export async function embeddedAddress(dataDir: string): Promise<string | undefined> {
  const folder = join(dataDir, "nats", "ports");
  try {
    const [file] = await readdir(folder);
    if (file === undefined) return undefined;
    return Ports.parse(JSON.parse(await readFile(join(folder, file), "utf8"))).nats[0];
  } catch {
    return undefined;
  }
}
