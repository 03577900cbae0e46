import { connectAs, passwordVariable, provision } from "@upgrade-ledger/nats";
import { embeddedAddress, passwordFor } from "../broker-access.ts";
import { type Finding, ok, problem, reasonOf, skipped } from "./check.ts";

const NAME = "streams";

export interface StreamsToCheck {
  /** `nats://…`; default: the embedded server of the data folder. */
  readonly nats: string | undefined;
  readonly dataDir: string;
}

/** The streams are as defined. Looks only: nothing is changed. */
export async function checkStreams(where: StreamsToCheck): Promise<Finding> {
  const password = await passwordFor("provisioning", where);
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
