import { Command, Option } from "@commander-js/extra-typings";
import { DeviceId } from "@upgrade-ledger/contract";
import { CliError } from "../cli-error.ts";
import { EXIT } from "../exit-codes.ts";
import { Printer } from "../output/print.ts";
import { examples } from "./client-command.ts";

/** `verify` */
export function verify() {
  return new Command("verify")
    .description("Audit the ledger: every hash, chain, signature and checkpoint, and every stored projection")
    .argument("[device]", "check the chains and projections of this device only")
    .option("--nats <urls>", "audit these servers instead of the embedded one (also UPGRADE_LEDGER_NATS)")
    .option(
      "--data-dir <dir>",
      "the service's data folder",
      process.env["UPGRADE_LEDGER_DATA_DIR"] ?? "upgrade-ledger-data",
    )
    .option(
      "--key <file...>",
      "verifier keys of the checkpoints; default: those of the last audit, or the data folder's",
    )
    .option(
      "--writer-key <file...>",
      "public keys with which the operator signs its events, besides those in checkpoints",
    )
    .option("--state <file>", "where this auditor keeps what it saw; default: verify.json in the data folder")
    .option("--no-projections", "leave the stored projections out, which is several times as fast")
    .addOption(
      new Option("-o, --output <format>", "how to write results").choices(["table", "json"]).default("table"),
    )
    .option("--no-color", "no colours (also NO_COLOR)")
    .addHelpText(
      "after",
      "\nExit code 5 means that something is not as it was written. docs/verify.md says what is proved.",
    )
    .addHelpText(
      "after",
      examples(
        "verify",
        "verify pi-0042",
        "verify --nats nats://n1:4222 --key ledger.pub --state ~/audit/ledger.json",
      ),
    )
    .action(async (device, options) => {
      const deviceId = device === undefined ? undefined : deviceIdOf(device);
      const { runVerify, wordsOf } = await import("../verify/run-verify.ts");
      const outcome = await runVerify({
        nats: options.nats ?? process.env["UPGRADE_LEDGER_NATS"],
        dataDir: options.dataDir,
        keyFiles: options.key ?? [],
        writerKeyFiles: options.writerKey ?? [],
        stateFile: options.state,
        projections: options.projections,
        deviceId,
      });
      new Printer(options).one(outcome, (terminal) => wordsOf(terminal, outcome));
      const total = Object.values(outcome.finding_counts).reduce((sum, count) => sum + count, 0);
      if (total > 0) {
        const message = `${total} finding${total === 1 ? "" : "s"}: the ledger is not as it was written`;
        throw new CliError(message, {
          exitCode: EXIT.integrity,
          hint: "docs/verify.md says what each means",
        });
      }
    });
}

function deviceIdOf(text: string): DeviceId {
  const parsed = DeviceId.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new CliError(`${JSON.stringify(text)} is no device id`, { exitCode: EXIT.usage });
}
