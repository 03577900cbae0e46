import { Printer } from "../output/print.ts";
import { exportFile, sourceOf } from "../source/choose-source.ts";
import { whyWords } from "../words/why-words.ts";
import { clientCommand, examples } from "./client-command.ts";

/** `why` */
export function why() {
  return clientCommand("why")
    .description("Tell in plain words how an upgrade went, and on what each step rested")
    .argument("<upgrade>", "upgrade id")
    .addOption(exportFile())
    .addHelpText(
      "after",
      examples(
        "why 019ab3c4-7f00-7aaa-8000-0123456789ab",
        "why 019ab3c4-7f00-7aaa-8000-0123456789ab -o json",
      ),
    )
    .action(async (upgrade, options) => {
      const printer = new Printer(options);
      const attempt = await sourceOf(options).attempt(upgrade);
      printer.one(attempt, (terminal) => whyWords(terminal, attempt));
    });
}
