import { access, constants, stat, statfs } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { findNatsServer } from "@upgrade-ledger/nats";
import { type Finding, ok, problem, reasonOf } from "./check.ts";

const OLDEST_NODE = [20, 20] as const;
const ENOUGH_BYTES = 1024 ** 3;

/** Node is recent enough. */
export function checkNode(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const recent = major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1]);
  const detail = `Node ${process.versions.node}`;
  return recent
    ? ok("node", detail)
    : problem("node", detail, `install Node ${OLDEST_NODE.join(".")} or newer`);
}

/** There is a nats-server that can be embedded. */
export async function checkNatsServer(): Promise<Finding> {
  try {
    const { path, version } = await findNatsServer();
    return ok("nats-server", `${version} (${path})`);
  } catch (error) {
    return problem("nats-server", reasonOf(error), "run `npm run setup`, which brings one");
  }
}

/** The data folder can be written, and has room. A folder that is not there yet is judged by the one that will hold it. */
export async function checkDataDir(dataDir: string): Promise<Finding> {
  const folder = await nearestFolder(resolve(dataDir));
  try {
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    const { bavail, bsize } = await statfs(folder);
    const free = bavail * bsize;
    const detail = `${resolve(dataDir)}, ${Math.floor(free / 1024 ** 2)} MiB free`;
    if (free >= ENOUGH_BYTES) return ok("data dir", detail);
    return problem("data dir", detail, "make room: the ledger refuses events when the disk is full");
  } catch (error) {
    return problem(
      "data dir",
      reasonOf(error),
      `let this user write ${folder}, or give --data-dir another folder`,
    );
  }
}

async function nearestFolder(folder: string): Promise<string> {
  try {
    await stat(folder);
    return folder;
  } catch {
    const parent = dirname(folder);
    return parent === folder ? folder : nearestFolder(parent);
  }
}
