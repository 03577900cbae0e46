// The demo's 0.1.4: the real agent, which passes its self-test, but whose `run` hangs before it ever connects.
import { runAgent } from "@upgrade-ledger/agent";

declare const __AGENT_VERSION__: string;

const argv = process.argv.slice(2);

if (argv[0] === "run") {
  console.log(`fleet-agent ${__AGENT_VERSION__}: waiting for the local hardware service`);
  setInterval(() => undefined, 3_600_000);
} else {
  void runAgent({ version: __AGENT_VERSION__, argv, env: process.env });
}
