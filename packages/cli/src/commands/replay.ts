import { createInterface } from "node:readline/promises";
import type { ReplayStep } from "@upgrade-ledger/api/schema";
import { CliError } from "../cli-error.ts";
import { EXIT } from "../exit-codes.ts";
import { Printer } from "../output/print.ts";
import { exportFile, sourceOf } from "../source/choose-source.ts";
import { replayWords } from "../words/replay-words.ts";
import { walk, wishOf } from "../words/walk.ts";
import { positiveInteger } from "./arguments.ts";
import { clientCommand, examples } from "./client-command.ts";

/** `replay` */
export function replay() {
  return clientCommand("replay")
    .description("Tell the life of a device event by event: what each changed, and why it happened")
    .argument("<device>", "device id")
    .option("--upgrade <id>", "only events of this upgrade")
    .option("--from <seq>", "from this ledger sequence on", positiveInteger)
    .option("--to <seq>", "up to this ledger sequence", positiveInteger)
    .option("--step", "one event at a time: Enter goes on, s shows the whole state, q ends")
    .addOption(exportFile())
    .addHelpText(
      "after",
      examples("replay pi-0042", "replay pi-0042 --from 120 --to 180", "replay pi-0042 --step"),
    )
    .action(async (device, options) => {
      const printer = new Printer(options);
      const stepwise = options.step === true;
      if (stepwise) needsTerminal(printer);
      const steps = await sourceOf(options).replay(device, options);
      if (stepwise) await showOneByOne(printer, steps);
      else printer.one(steps, (terminal) => steps.map((step) => replayWords(terminal, step)).join(""));
    });
}

function needsTerminal(printer: Printer): void {
  if (printer.terminal.isTerminal && process.stdin.isTTY && !printer.asJson) return;
  throw new CliError("--step needs a terminal", {
    exitCode: EXIT.usage,
    hint: "leave it out to see all events",
  });
}

async function showOneByOne(printer: Printer, steps: readonly ReplayStep[]): Promise<void> {
  const input = createInterface({ input: process.stdin, output: process.stderr });
  const show = (step: ReplayStep): void => printer.one(step, (terminal) => replayWords(terminal, step));
  const showState = ({ state }: ReplayStep): void =>
    printer.one(state, () => `${JSON.stringify(state, null, 2)}\n`);
  // Ctrl-D and Ctrl-C end it, as `q` does.
  const closed = new AbortController();
  input.once("close", () => closed.abort());
  const ask = () =>
    input
      .question("Enter: next, s: state, q: end ", { signal: closed.signal })
      .then(wishOf, () => wishOf("q"));
  try {
    await walk(steps, show, showState, ask);
  } finally {
    input.close();
  }
}
