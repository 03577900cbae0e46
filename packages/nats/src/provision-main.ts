// `node packages/nats/dist/provision-main.js --nats nats://…`: see provisionCommand.
import { provisionCommand } from "./provisioning/command.ts";

try {
  console.log(await provisionCommand(process.argv.slice(2), process.env));
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
