// A version that works beside the old one, and crashes as soon as that has been told to stop, again and again.
import { runAgent } from "@upgrade-ledger/agent";
import { whenStep } from "./when-step.ts";

declare const __AGENT_VERSION__: string;

const argv = process.argv.slice(2);

if (argv[0] === "run") {
  whenStep(argv, ["stopping"], () => {
    throw new Error("lost /dev/sensor0");
  });
}
void runAgent({ version: __AGENT_VERSION__, argv, env: process.env });
