// What the one-file executable starts. The version is compiled in by scripts/build-agent.mjs.
import { runAgent } from "./cli/run-agent.ts";

declare const __AGENT_VERSION__: string;

void runAgent({ version: __AGENT_VERSION__, argv: process.argv.slice(2), env: process.env });
