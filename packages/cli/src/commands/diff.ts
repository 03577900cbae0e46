import { Printer } from "../output/print.ts";
import { type Difference, differencesOf } from "@upgrade-ledger/projections";
import { CliError } from "../cli-error.ts";
import { EXIT } from "../exit-codes.ts";
import { oneLine } from "../output/table.ts";
import type { Terminal } from "../output/terminal.ts";
import type { HistorySource } from "../source/history-source.ts";
import { exportFile, sourceOf } from "../source/choose-source.ts";
import { shortJson } from "../words/replay-words.ts";
import { positiveInteger } from "./arguments.ts";
import { clientCommand, examples } from "./client-command.ts";

/** `diff` */
export function diff() {
  return clientCommand("diff")
    .description("Compare the state of a device at two ledger sequences; exit code 0: same, 1: different")
    .argument("<device>", "device id")
    .argument("<seq>", "one ledger sequence", positiveInteger)
    .argument("<other>", "another ledger sequence", positiveInteger)
    .addOption(exportFile())
    .addHelpText("after", examples("diff pi-0042 120 180", "diff pi-0042 120 180 -o json"))
    .action(async (device, seq, other, options) => {
      const printer = new Printer(options);
      const source = sourceOf(options);
      const [before, after] = await Promise.all([seq, other].map((at) => stateAt(source, device, at)));
      const differences = differencesOf(before?.state ?? {}, after?.state ?? {});
      const found = { device_id: device, from_seq: seq, to_seq: other, differences };
      printer.one(found, (terminal) => differences.map((each) => differenceWords(terminal, each)).join(""));
      if (differences.length > 0) process.exitCode = EXIT.failure;
    });
}

/** 1 says "different": every other trouble must not. */
async function stateAt(source: HistorySource, device: string, seq: number) {
  const step = await source.stepAt(device, seq).catch((error: unknown) => {
    if (!(error instanceof CliError) || error.exitCode !== EXIT.failure) throw error;
    const { hint, problem } = error;
    throw new CliError(error.message, {
      cause: error,
      exitCode: EXIT.usage,
      hint,
      ...(problem === undefined ? {} : { problem }),
    });
  });
  if (step !== undefined) return step;
  throw new CliError(`${device} has no event at or before ${seq}`, { exitCode: EXIT.notFound });
}

function differenceWords(terminal: Terminal, { path, before, after }: Difference): string {
  const lines = [terminal.paint("bold", oneLine(path))];
  if (before !== undefined) lines.push(terminal.paint("red", `  - ${shortJson(terminal, before)}`));
  if (after !== undefined) lines.push(terminal.paint("green", `  + ${shortJson(terminal, after)}`));
  return lines.map((line) => `${line}\n`).join("");
}
