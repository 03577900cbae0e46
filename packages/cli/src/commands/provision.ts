import { Command, Option } from "@commander-js/extra-typings";
import { CliError } from "../cli-error.ts";
import { EXIT } from "../exit-codes.ts";
import { Printer } from "../output/print.ts";
import { positiveInteger } from "./arguments.ts";
import { examples } from "./client-command.ts";

/** `provision` */
export function provisionCommand() {
  return new Command("provision")
    .description("Create the streams on a NATS server or cluster, and report where they are not as defined")
    .requiredOption("--nats <urls>", "nats://…, several separated by commas")
    .addOption(new Option("--replicas <n>", "copies of each stream").choices(["1", "3"]).default("1"))
    .option(
      "--ledger-max-bytes <n>",
      "room reserved for the ledger; it may grow, never shrink",
      positiveInteger,
    )
    .option("--dry-run", "say what would be done, and do nothing")
    .addOption(
      new Option("-o, --output <format>", "how to write results").choices(["table", "json"]).default("table"),
    )
    .option("--no-color", "no colours (also NO_COLOR)")
    .addHelpText(
      "after",
      "\nThe password of the provisioning user is taken from UPGRADE_LEDGER_NATS_PROVISIONING_PASSWORD.",
    )
    .addHelpText(
      "after",
      examples("provision --nats nats://n1:4222,nats://n2:4222,nats://n3:4222 --replicas 3"),
    )
    .action(async (options) => {
      const { connectAs, passwordsFromEnvironment, provision, ProvisionRefusedError } =
        await import("@upgrade-ledger/nats");
      const { provisioning = "" } = passwordsFromEnvironment(process.env, ["provisioning"]);
      const nc = await connect(
        () => connectAs({ url: options.nats, as: { role: "provisioning", password: provisioning } }),
        options.nats,
      );
      try {
        const report = await provision(nc, {
          replicas: options.replicas === "3" ? 3 : 1,
          dryRun: options.dryRun === true,
          ...(options.ledgerMaxBytes === undefined ? {} : { ledgerMaxBytes: options.ledgerMaxBytes }),
        });
        new Printer(options).one(report, () => {
          const { created, unchanged, updated, drifted } = report;
          return `created ${created.length}, unchanged ${unchanged.length}, updated ${updated.length}, drifted ${drifted.length}\n${drifted
            .map(
              ({ stream, field, actual, wanted }) =>
                `  ${stream}.${field}: is ${JSON.stringify(actual)}, defined as ${JSON.stringify(wanted)}\n`,
            )
            .join("")}`;
        });
      } catch (error) {
        if (error instanceof ProvisionRefusedError)
          throw new CliError(error.message, { cause: error, exitCode: EXIT.integrity });
        throw error;
      } finally {
        await nc.close();
      }
    });
}

async function connect<T>(attempt: () => Promise<T>, url: string): Promise<T> {
  try {
    return await attempt();
  } catch (error) {
    throw new CliError(`${url}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
      exitCode: EXIT.unreachable,
      hint: "is the server running, and is the password right?",
    });
  }
}
