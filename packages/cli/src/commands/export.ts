import { once } from "node:events";
import { ExportDamagedError, readExport } from "@upgrade-ledger/ledger";
import { CliError } from "../cli-error.ts";
import { EXIT } from "../exit-codes.ts";
import { clientCommand, clientOf, examples } from "./client-command.ts";

/** `export` */
export function exportCommand() {
  return clientCommand("export")
    .description("Write the whole ledger to stdout, one JSON line for each message, with a closing line")
    .addHelpText("after", examples("export > ledger.ndjson", "replay pi-0042 --file ledger.ndjson"))
    .action(async (options) => {
      const { api, printer } = clientOf(options);
      const body = await api.download("/v1/events/export");
      let lastSeq = 0;
      try {
        for await (const { seq } of readExport(written(body))) lastSeq = seq;
      } catch (error) {
        throw new CliError(
          `the export is not whole: ${error instanceof Error ? error.message : String(error)}`,
          {
            cause: error,
            exitCode: error instanceof ExportDamagedError ? EXIT.integrity : EXIT.unreachable,
            hint: "what was written so far cannot be used; export it again",
          },
        );
      }
      printer.say(`exported up to sequence ${lastSeq}`);
    });
}

/** Hands the pieces on when they have been written to stdout. */
async function* written(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  for await (const piece of pieces) {
    if (!process.stdout.write(piece)) await once(process.stdout, "drain");
    yield piece;
  }
}
