import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { artifacts } from "./commands/artifacts.ts";
import { examples } from "./commands/client-command.ts";
import { devices } from "./commands/devices.ts";
import { doctor } from "./commands/doctor.ts";
import { events } from "./commands/events.ts";
import { provisionCommand } from "./commands/provision.ts";
import { serve } from "./commands/serve.ts";
import { upgrade } from "./commands/upgrade.ts";
import { verify } from "./commands/verify.ts";
import { VERSION } from "./version.ts";

/** All commands. Usage errors are thrown, not written: `main` tells of them in its own form. */
export function createProgram(): Command {
  const program = new Command("upgrade-ledger")
    .description("Who runs which version, since when, and why")
    .version(VERSION)
    .enablePositionalOptions()
    .addHelpText(
      "after",
      examples(
        "serve --data-dir ./data",
        "devices ls",
        'upgrade pi-0042 0.1.2 --reason "security fix"',
        "events tail",
      ),
    );
  const commands: CommandUnknownOpts[] = [
    serve(),
    devices(),
    upgrade(),
    events(),
    artifacts(),
    verify(),
    provisionCommand(),
    doctor(),
  ];
  for (const command of commands) program.addCommand(command);
  throwUsageErrors(program);
  return program;
}

function throwUsageErrors(command: CommandUnknownOpts): void {
  command.exitOverride();
  command.configureOutput({ outputError: () => undefined });
  for (const child of command.commands) throwUsageErrors(child);
}
