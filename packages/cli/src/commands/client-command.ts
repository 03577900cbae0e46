import { Command, Option } from "@commander-js/extra-typings";
import { ApiClient } from "../client/api-client.ts";
import { type OutputOptions, Printer } from "../output/print.ts";

const DEFAULT_SERVER = "http://127.0.0.1:8080";

/** A command that asks the service, with the options that all of them have. */
export function clientCommand(name: string) {
  return new Command(name)
    .addOption(
      new Option("--server <url>", "the service to ask").env("UPGRADE_LEDGER_SERVER").default(DEFAULT_SERVER),
    )
    .addOption(
      new Option("-o, --output <format>", "how to write results").choices(["table", "json"]).default("table"),
    )
    .option("--no-color", "no colours (also NO_COLOR)");
}

/** What such a command works with. */
export function clientOf(options: OutputOptions & { readonly server: string }) {
  return { api: new ApiClient(options.server), printer: new Printer(options) };
}

/** Help ends with examples. */
export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ upgrade-ledger ${line}`).join("\n")}\n`;
}
