import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { connectAs, passwordsFromEnvironment, passwordVariable, provision } from "@upgrade-ledger/nats";
import { z } from "zod";
import { type Finding, ok, problem, reasonOf, skipped } from "./check.ts";

const NAME = "streams";
const Ports = z.looseObject({ nats: z.array(z.string()) });
const Secrets = z.looseObject({ provisioning: z.string() });

export interface StreamsToCheck {
  /** `nats://…`; default: the embedded server of the data folder. */
  readonly nats: string | undefined;
  readonly dataDir: string;
}

/** The streams are as defined. Looks only: nothing is changed. */
export async function checkStreams(where: StreamsToCheck): Promise<Finding> {
  const password = await passwordOf(where);
  if (password === undefined) {
    return skipped(NAME, `no password: set ${passwordVariable("provisioning")}, or give --data-dir`);
  }
  const url = where.nats ?? (await embeddedAddress(where.dataDir));
  if (url === undefined) return skipped(NAME, "the embedded NATS server is not running");
  try {
    const nc = await connectAs({ url, as: { role: "provisioning", password }, timeoutMs: 3_000 });
    try {
      const { created, drifted, updated } = await provision(nc, { dryRun: true });
      const differing = [...drifted, ...updated].map(({ stream, field }) => `${stream}.${field}`);
      if (created.length === 0 && differing.length === 0) return ok(NAME, `as defined on ${url}`);
      const missing = created.length === 0 ? "" : `missing: ${created.join(", ")} `;
      const differs = differing.length === 0 ? "" : `not as defined: ${differing.join(", ")}`;
      return problem(NAME, `${missing}${differs}`, `run \`upgrade-ledger provision --nats ${url}\``);
    } finally {
      await nc.close();
    }
  } catch (error) {
    return problem(NAME, `${url}: ${reasonOf(error)}`, "is the NATS server running?");
  }
}

async function passwordOf({ nats, dataDir }: StreamsToCheck): Promise<string | undefined> {
  if (process.env[passwordVariable("provisioning")]) {
    return passwordsFromEnvironment(process.env, ["provisioning"]).provisioning;
  }
  if (nats !== undefined) return undefined;
  try {
    const text = await readFile(join(dataDir, "nats", "secrets.json"), "utf8");
    return Secrets.parse(JSON.parse(text)).provisioning;
  } catch {
    return undefined;
  }
}

/** The embedded server writes its addresses to a file while it runs. */
async function embeddedAddress(dataDir: string): Promise<string | undefined> {
  const folder = join(dataDir, "nats", "ports");
  try {
    const [file] = await readdir(folder);
    if (file === undefined) return undefined;
    return Ports.parse(JSON.parse(await readFile(join(folder, file), "utf8"))).nats[0];
  } catch {
    return undefined;
  }
}
