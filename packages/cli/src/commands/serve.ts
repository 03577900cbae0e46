import { Command, Option } from "@commander-js/extra-typings";
import { CliError } from "../cli-error.ts";
import { EXIT } from "../exit-codes.ts";
import { flagOf, SETTING_KEYS, SETTINGS, type SettingKey, variableOf } from "../settings/definitions.ts";
import { examples } from "./client-command.ts";

/** `serve` */
export function serve() {
  const command = new Command("serve")
    .description("Run the service: NATS server, operator and API in one process, or parts of it")
    .option("--config <file>", "TOML file with settings (also UPGRADE_LEDGER_CONFIG)")
    .addHelpText(
      "after",
      "\nEach setting is also an environment variable: UPGRADE_LEDGER_SOAK_MS. Flags come first, then variables, then the file.",
    )
    .addHelpText(
      "after",
      examples(
        "serve --data-dir ./data",
        "serve --data-dir ./data --http 127.0.0.1:9000 --nats-port 4333",
        "serve --nats nats://n1:4222,nats://n2:4222 --roles api",
      ),
    );
  for (const key of SETTING_KEYS) {
    command.addOption(new Option(`${flagOf(key)} <value>`, descriptionOf(key)));
  }
  return command.action(async (options: Record<string, unknown>) => {
    // The service's libraries take a moment to load; commands that only ask do not wait for them.
    const { runService } = await import("../service/run-service.ts");
    await runService(flagsOf(options), textOf(options["config"]) ?? process.env["UPGRADE_LEDGER_CONFIG"]);
  });
}

function descriptionOf(key: SettingKey): string {
  const schema = SETTINGS[key];
  const fallback = schema.safeParse(undefined).data;
  const shown = fallback === undefined || String(fallback) === "" ? "" : ` (default: ${String(fallback)})`;
  return `${schema.description ?? variableOf(key)}${shown}`;
}

function flagsOf(options: Readonly<Record<string, unknown>>): Partial<Record<SettingKey, string>> {
  const flags: Partial<Record<SettingKey, string>> = {};
  for (const key of SETTING_KEYS) {
    const camel = key.replaceAll(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase());
    const value = textOf(options[camel]);
    if (value === "") throw new CliError(`${flagOf(key)}: must not be empty`, { exitCode: EXIT.usage });
    if (value !== undefined) flags[key] = value;
  }
  return flags;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
