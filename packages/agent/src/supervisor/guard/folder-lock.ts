import { createHash } from "node:crypto";
import { realpathSync } from "node:fs";
import { createServer, type Server } from "node:net";

/**
 * Makes this process the only guard of a state folder, until it ends: the kernel frees an abstract socket's name
 * with its holder, however that dies.
 * @throws Error when another guard has it
 */
export async function lockFolder(stateDir: string): Promise<Server> {
  const name = createHash("sha256").update(realpathSync(stateDir)).digest("hex").slice(0, 32);
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      if (cause.code !== "EADDRINUSE") reject(cause);
      else reject(new Error(`another guard already watches ${stateDir}`, { cause }));
    });
    server.listen(`\0fleet-agent-guard-${name}`, resolve);
  });
  return server;
}
