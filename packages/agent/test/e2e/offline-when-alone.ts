// A version that works beside the old one, and can no longer connect to the broker when that has been told to stop.
import { subscribe } from "node:diagnostics_channel";
import { Socket } from "node:net";
import { runAgent } from "@upgrade-ledger/agent";
import { whenStep } from "./when-step.ts";

declare const __AGENT_VERSION__: string;

const argv = process.argv.slice(2);
const sockets = new Set<Socket>();
let offline = false;

subscribe("net.client.socket", (message) => {
  if (typeof message !== "object" || message === null || !("socket" in message)) return;
  const { socket } = message;
  if (!(socket instanceof Socket)) return;
  socket.once("connect", () => {
    if (socket.remotePort === undefined) return; // a unix socket
    sockets.add(socket);
    if (offline) socket.destroy();
  });
});

if (argv[0] === "run") {
  whenStep(argv, ["stopping"], () => {
    offline = true;
    for (const socket of sockets) socket.destroy();
  });
}
void runAgent({ version: __AGENT_VERSION__, argv, env: process.env });
