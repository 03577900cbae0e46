import { CliError } from "../cli-error.ts";
import type { Finding } from "../doctor/check.ts";
import type { Terminal } from "../output/terminal.ts";
import { clientCommand, clientOf, examples } from "./client-command.ts";

/** `doctor` */
export function doctor() {
  return clientCommand("doctor")
    .description("Look at what the service needs, and say what to do about each problem")
    .option(
      "--data-dir <dir>",
      "the service's data folder",
      process.env["UPGRADE_LEDGER_DATA_DIR"] ?? "upgrade-ledger-data",
    )
    .option("--nats <urls>", "look at the streams of these servers instead of the embedded one")
    .addHelpText("after", examples("doctor", "doctor --data-dir ./data -o json"))
    .action(async (options) => {
      const { api, printer } = clientOf(options);
      const { checkDataDir, checkNatsServer, checkNode } = await import("../doctor/machine.ts");
      const { checkService } = await import("../doctor/service.ts");
      const { checkStreams } = await import("../doctor/streams.ts");
      const findings = [
        checkNode(),
        await checkNatsServer(),
        await checkDataDir(options.dataDir),
        ...(await checkService(api.server)),
        await checkStreams({ nats: options.nats, dataDir: options.dataDir }),
      ];
      printer.one(findings, (terminal) => findings.map((finding) => lineOf(terminal, finding)).join(""));
      const problems = findings.filter(({ state }) => state === "problem").length;
      if (problems > 0) throw new CliError(`${problems} problem${problems === 1 ? "" : "s"} found`);
    });
}

function lineOf(terminal: Terminal, { name, state, detail, remedy }: Finding): string {
  const colour = { ok: "green", problem: "red", skipped: "yellow" } as const;
  const line = `${terminal.paint(colour[state], state.padEnd(8))} ${name}: ${detail}\n`;
  return remedy === undefined ? line : `${line}         → ${remedy}\n`;
}
