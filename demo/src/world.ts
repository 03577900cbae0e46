// Where the demo lives on disk and on loopback.
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import getPort, { portNumbers } from "get-port";

export const PROJECT = resolve(dirname(fileURLToPath(import.meta.url)), "..", "..");

export interface World {
  /** Everything that the demo writes is below this folder. */
  readonly root: string;
  readonly dataDir: string;
  readonly artifacts: string;
  readonly httpUrl: string;
  readonly httpPort: number;
  readonly natsPort: number;
}

/** A fresh world: what an earlier run left in the folder is removed, except the built agents. */
export async function createWorld(root: string): Promise<World> {
  await rm(join(root, "data"), { recursive: true, force: true });
  await rm(join(root, "devices"), { recursive: true, force: true });
  await mkdir(root, { recursive: true });
  // Agents are CommonJS programs without an ending; below this project's own package.json Node would take them for modules.
  await writeFile(join(root, "package.json"), '{ "private": true, "type": "commonjs" }\n');
  const httpPort = await getPort({ port: portNumbers(8080, 8099), host: "127.0.0.1" });
  const natsPort = await getPort({ port: portNumbers(4222, 4241), host: "127.0.0.1" });
  return {
    root,
    dataDir: join(root, "data"),
    artifacts: join(root, "artifacts"),
    httpUrl: `http://127.0.0.1:${httpPort}`,
    httpPort,
    natsPort,
  };
}
