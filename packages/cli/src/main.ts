#!/usr/bin/env node
import { EXIT } from "./exit-codes.ts";
import { reportError } from "./output/report-error.ts";
import { createProgram } from "./program.ts";

/** A reader that has had enough (`| head`) is no failure. */
function ignoreClosedPipe(stream: NodeJS.WriteStream): void {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(EXIT.ok);
    throw error;
  });
}

function wantsJson(args: readonly string[]): boolean {
  return args.some(
    (arg, index) =>
      arg === "-ojson" ||
      arg === "--output=json" ||
      ((arg === "-o" || arg === "--output") && args[index + 1] === "json"),
  );
}

ignoreClosedPipe(process.stdout);
ignoreClosedPipe(process.stderr);
process.once("SIGINT", () => process.exit(EXIT.interrupted));

try {
  await createProgram().parseAsync();
} catch (error) {
  // Whatever is still open (a connection that waits for its server) keeps the program no longer.
  process.exit(reportError(error, wantsJson(process.argv)));
}
