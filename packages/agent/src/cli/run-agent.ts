// The command line.
import { Command, CommanderError, Option } from "@commander-js/extra-typings";
import { Version } from "@upgrade-ledger/contract";
import { destination, pino, type Logger } from "pino";
import { ConfigError, DEFAULT_CONFIG_PATH, loadConfig, type LoadedConfig } from "../config/load.ts";
import { EXIT } from "./exit-codes.ts";
import { keygen } from "./keygen.ts";
import { run } from "./run.ts";
import { selfTest } from "./self-test.ts";
import { describeStatus, deviceStatus } from "./status.ts";

export interface RunAgentOptions {
  /** As compiled in, with its build metadata. */
  readonly version: string;
  /** Without interpreter and script. */
  readonly argv: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/**
 * The whole program: carries out the command line and ends the process with its exit code (docs/agent.md).
 * Bundles with a compiled-in version call it; so may a wrapper that behaves otherwise in some commands.
 */
export async function runAgent(options: RunAgentOptions): Promise<void> {
  process.exit(await execute(options));
}

/** The same, with the exit code as the answer. */
export async function execute({ version: text, argv, env }: RunAgentOptions): Promise<number> {
  const version = Version.parse(text);
  let code: number = EXIT.ok;
  const program = commands(version, env, (next) => {
    code = next;
  });
  try {
    await program.parseAsync([...argv], { from: "user" });
    return code;
  } catch (error) {
    return explain(error);
  }
}

function explain(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  console.error(`fleet-agent: ${error instanceof Error ? error.message : String(error)}`);
  return error instanceof ConfigError ? EXIT.usage : EXIT.failed;
}

/** Commander wants an option of its own for each command. */
function configOption() {
  return new Option(
    "--config <file>",
    `configuration file (default: $FLEET_AGENT_CONFIG, then ${DEFAULT_CONFIG_PATH})`,
  );
}

function commands(version: Version, env: NodeJS.ProcessEnv, ends: (code: number) => void) {
  const load = (file: string | undefined): LoadedConfig => loadConfig(file, env);
  const program = new Command("fleet-agent")
    .description("The agent of the upgrade ledger: runs on a device, upgrades itself.")
    .version(`fleet-agent ${version}`, "--version")
    .addOption(configOption())
    .option("--self-test", "check that this version can serve this device, change nothing")
    .exitOverride()
    .action(async ({ config, selfTest: asked }) => {
      if (asked !== true) return program.help({ error: true });
      console.log(await selfTest(load(config), version));
    });
  program
    .command("run")
    .description("run the agent until it is told to stop")
    .addOption(configOption())
    .action(async (options) => {
      const loaded = load(options.config ?? program.opts().config);
      ends(await run(loaded, version, logger(loaded)));
    });
  program
    .command("status")
    .description("what runs on this device, and why")
    .addOption(configOption())
    .addOption(new Option("-o, --output <format>").choices(["text", "json"]).default("text"))
    .action(async (options) => {
      const status = await deviceStatus(load(options.config ?? program.opts().config));
      console.log(options.output === "json" ? JSON.stringify(status, null, 2) : describeStatus(status));
    });
  program
    .command("config")
    .description("the configuration")
    .command("check")
    .description("check the configuration without starting anything")
    .addOption(configOption())
    .action((options) => {
      console.log(`${load(options.config ?? program.opts().config).path}: ok`);
    });
  program
    .command("keygen")
    .description("make the device's key; prints the public half")
    .requiredOption("--out <file>", "where the seed goes (must not exist)")
    .action(async ({ out }) => {
      console.log(await keygen(out));
    });
  return program;
}

/** JSON lines on standard error; written synchronously, so that the last words of a dying process are there. */
function logger({ config }: LoadedConfig): Logger {
  return pino(
    { level: config.log.level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    destination({ dest: 2, sync: true }),
  );
}
