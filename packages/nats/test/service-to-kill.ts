// A service that a test kills: starts the server of a data folder and says the server's pid.
//   service-to-kill <data folder>
import { startNatsServer } from "@upgrade-ledger/nats";

const [, , dataDir = ""] = process.argv;
const server = await startNatsServer({ dataDir });
console.log(server.pid);
setInterval(() => undefined, 60_000);
