/** Aborts at the first Ctrl-C, for commands that run until then; without it Ctrl-C ends the program at once (130). */
export function interruption(): AbortSignal {
  const controller = new AbortController();
  process.removeAllListeners("SIGINT");
  process.once("SIGINT", () => controller.abort());
  return controller.signal;
}
