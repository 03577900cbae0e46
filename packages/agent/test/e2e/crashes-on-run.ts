// A version that passes its self-test for real and crashes as soon as it runs.
import { runAgent } from "@upgrade-ledger/agent";

declare const __AGENT_VERSION__: string;

const argv = process.argv.slice(2);

if (argv[0] === "run") throw new Error("cannot open /dev/sensor0");
void runAgent({ version: __AGENT_VERSION__, argv, env: process.env });
