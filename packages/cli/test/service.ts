// `serve` as a real process, until it says that it is ready.
import { waitFor } from "@upgrade-ledger/testkit";
import { type Finished, type Running, start } from "./run.ts";

export interface TestService {
  readonly url: string;
  readonly nats: string;
  readonly running: Running;
  end(signal: NodeJS.Signals): Promise<Finished>;
}

export async function startService(
  dataDir: string,
  args: readonly string[] = [],
  env: Record<string, string> = {},
): Promise<TestService> {
  const running = start(
    [
      "serve",
      "--data-dir",
      dataDir,
      "--http",
      "127.0.0.1:0",
      "--nats-port",
      "0",
      "--ledger-max-bytes",
      "67108864",
      ...args,
    ],
    env,
  );
  await waitFor(() => running.stdout().includes("Ctrl-C stops it.") || running.child.exitCode !== null, {
    describe: "the service to say that it is ready",
    timeoutMs: 30_000,
  });
  const found = /API\s+(http:\S+)[^]*NATS\s+(nats:\S+)/.exec(running.stdout());
  if (found === null) throw new Error(`the service did not start:\n${running.stderr()}`);
  return {
    url: found[1] ?? "",
    nats: found[2] ?? "",
    running,
    end: (signal) => {
      running.child.kill(signal);
      return running.finished;
    },
  };
}
