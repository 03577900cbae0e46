// A version that works beside the old one, and can no longer connect to the broker when that has been told to stop.
import net from "node:net";
import { runAgent } from "@upgrade-ledger/agent";
import { whenStep } from "./when-step.ts";

declare const __AGENT_VERSION__: string;

const argv = process.argv.slice(2);
const sockets = new Set<net.Socket>();
let offline = false;
const connect = net.Socket.prototype.connect;

net.Socket.prototype.connect = function intercept(this: net.Socket, ...args: Parameters<typeof connect>) {
  this.once("connect", () => {
    if (this.remotePort === undefined) return;
    if (offline) this.destroy();
    sockets.add(this);
  });
  return connect.apply(this, args);
};

if (argv[0] === "run") {
  whenStep(argv, ["stopping"], () => {
    offline = true;
    for (const socket of sockets) socket.destroy();
  });
}
void runAgent({ version: __AGENT_VERSION__, argv, env: process.env });
