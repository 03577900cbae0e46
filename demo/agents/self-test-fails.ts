// The demo's 0.1.3: the real agent, but its self-test finds that it cannot migrate the device's configuration.
import { runAgent } from "@upgrade-ledger/agent";

declare const __AGENT_VERSION__: string;

const argv = process.argv.slice(2);

if (argv.includes("--self-test")) {
  const config = argv[argv.indexOf("--config") + 1] ?? "agent.toml";
  console.log(`fleet-agent ${__AGENT_VERSION__} self-test`);
  console.log(`config: read ${config}, schema 1`);
  console.log("config: migrating schema 1 to 2");
  console.error(
    'config: migration 0002-split-labels failed: labels.site = "demo" is text, schema 2 wants a table such as { id = "demo" }',
  );
  process.exitCode = 1;
} else {
  void runAgent({ version: __AGENT_VERSION__, argv, env: process.env });
}
