import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * Absolute path of a file or folder of the project (`streams`, `deploy/nats`, `.cache/nats-server`).
 * `UPGRADE_LEDGER_HOME` names the project's folder when the program was installed elsewhere;
 * otherwise it is the nearest folder above this module that has `streams/` and `deploy/`.
 */
export function projectPath(...segments: string[]): string {
  return join(projectRoot(), ...segments);
}

function projectRoot(): string {
  const named = process.env["UPGRADE_LEDGER_HOME"];
  if (named) return named;
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!(existsSync(join(folder, "streams")) && existsSync(join(folder, "deploy")))) {
    const parent = dirname(folder);
    if (parent === folder) {
      throw new Error(
        "The project's streams/ and deploy/ folders were not found above this program. Set UPGRADE_LEDGER_HOME to the folder that has them.",
      );
    }
    folder = parent;
  }
  return folder;
}
