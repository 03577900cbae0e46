// A process that writes to a socket which has ended and to which nobody listens, as the NATS client does when its server
// goes away, then does what its argument says.
//   lost-socket fatal | end
import { once } from "node:events";
import { createConnection, createServer } from "node:net";

import { surviveLostSockets } from "@upgrade-ledger/nats";

surviveLostSockets({
  onLost: (error) => {
    console.log(`lost: ${error.message}`);
    setImmediate(() => {
      if (process.argv[2] === "fatal") throw new Error("something else");
      process.exit(0);
    });
  },
  onFatal: (error) => {
    console.log(`fatal: ${error.message}`);
    process.exit(1);
  },
});

const server = createServer().listen(0, "127.0.0.1");
await once(server, "listening");
const address = server.address();
const socket = createConnection({ port: typeof address === "object" ? (address?.port ?? 0) : 0 });
await once(socket, "connect");
socket.removeAllListeners();
socket.end();
socket.write("PUB");
