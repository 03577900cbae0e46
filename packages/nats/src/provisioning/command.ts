import { parseArgs } from "node:util";

import { connectAs } from "../connection/connect-as.ts";
import { passwordsFromEnvironment, passwordVariable } from "../connection/roles.ts";
import type { FieldDrift } from "./compare.ts";
import { provision } from "./provision.ts";
import type { ProvisionReport } from "./provision.ts";

/**
 * The set-up command of a cluster: the one program that connects with the `provisioning` role (spec §8).
 *
 *     --nats URL[,URL…]        the servers
 *     --replicas 1|3           copies of each stream (3)
 *     --ledger-max-bytes N     room reserved for the ledger
 *     --dry-run                say what would be done
 *
 * The password is taken from `UPGRADE_LEDGER_NATS_PROVISIONING_PASSWORD`.
 *
 * @returns the report as text, for people
 * @throws Error for a wrong option; otherwise what {@link provision} throws
 */
export async function provisionCommand(args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      nats: { type: "string" },
      replicas: { type: "string", default: "3" },
      "ledger-max-bytes": { type: "string" },
      "dry-run": { type: "boolean", default: false },
    },
  });
  const { provisioning: password } = passwordsFromEnvironment(env, ["provisioning"]);
  if (!values.nats)
    throw new Error("--nats is missing: the servers, as nats://host:port[,nats://host:port…]");
  if (values.replicas !== "1" && values.replicas !== "3") throw new Error("--replicas must be 1 or 3");
  if (!password) throw new Error(`${passwordVariable("provisioning")} is empty`);
  const room = values["ledger-max-bytes"];
  const connection = await connectAs({ url: values.nats, as: { role: "provisioning", password } });
  try {
    const report = await provision(connection, {
      replicas: values.replicas === "3" ? 3 : 1,
      dryRun: values["dry-run"],
      ...(room === undefined ? {} : { ledgerMaxBytes: wholeNumber("--ledger-max-bytes", room) }),
    });
    return reportText(report);
  } finally {
    await connection.close();
  }
}

function reportText(report: ProvisionReport): string {
  return [
    `Created: ${report.created.join(", ") || "nothing"}`,
    `Unchanged: ${report.unchanged.length}`,
    `Updated: ${report.updated.length}${fieldLines(report.updated)}`,
    `Drifted, left alone: ${report.drifted.length}${fieldLines(report.drifted)}`,
  ].join("\n");
}

function fieldLines(list: readonly FieldDrift[]): string {
  return list
    .map(
      ({ stream, field, actual, wanted }) =>
        `\n  ${stream}.${field}: ${JSON.stringify(actual)} -> ${JSON.stringify(wanted)}`,
    )
    .join("");
}

function wholeNumber(option: string, text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text))
    throw new Error(`${option} must be a whole number of bytes, not "${text}"`);
  return Number(text);
}
