// The local status socket (spec §4, Stop).
import { writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { Version } from "@upgrade-ledger/contract";
import { newInstanceId } from "@upgrade-ledger/ledger";
import { expect, it, onTestFinished } from "vitest";
import { access } from "node:fs/promises";
import {
  askAll,
  askStatus,
  removeDeadSockets,
  serveStatus,
  socketPath,
  type Status,
} from "../../src/socket/status-socket.ts";
import { runScript } from "../run-script.ts";
import { tempFolder } from "../temp-folder.ts";

function status(): Status {
  return {
    instance_id: newInstanceId(),
    version: Version.parse("0.1.2"),
    agent_state: "running",
    connected: true,
    upgrade_id: null,
    pid: process.pid,
    active: true,
  };
}

async function serve(stateDir: string, said: Status, id: string = said.instance_id): Promise<void> {
  const server = await serveStatus(stateDir, id, () => said);
  onTestFinished(() => {
    server.close();
  });
}

it("answers what the instance says of itself", async () => {
  const stateDir = await tempFolder();
  const said = status();
  await serve(stateDir, said);
  expect(await askStatus(stateDir, said.instance_id)).toEqual(said);
  expect(await askAll(stateDir)).toEqual([said]);
});

it("an answer in another's name, nonsense, silence and nobody are no answer", async () => {
  const stateDir = await tempFolder();
  await serve(stateDir, status(), "somebody");
  expect(await askStatus(stateDir, "somebody")).toBeNull();
  expect(await askStatus(stateDir, "nobody")).toBeNull();
  const mute = createServer((socket) => socket.on("error", () => socket.destroy()));
  mute.listen(socketPath(stateDir, "mute"));
  onTestFinished(() => {
    mute.close();
  });
  expect(await askStatus(stateDir, "mute", 50)).toBeNull();
});

it("a killed instance's socket is removed, a living one's and lock files are not", async () => {
  const stateDir = await tempFolder();
  const said = status();
  await serve(stateDir, said);
  const lock = join(stateDir, "run", "driver.lock");
  await writeFile(lock, "");
  const dead = await runScript(
    `import { createServer } from "node:net";
     createServer().listen(process.argv[2], () => console.log("ready"));`,
    [socketPath(stateDir, "dead")],
  );
  await dead.line();
  await dead.kill();
  await removeDeadSockets(stateDir);
  await expect(access(socketPath(stateDir, "dead"))).rejects.toThrow("ENOENT");
  await access(lock);
  expect(await askStatus(stateDir, said.instance_id)).not.toBeNull();
});
