import { readFileSync } from "node:fs";

import { SetupError } from "./progress.mjs";
import { projectPath } from "./project.mjs";
import { isAtLeast } from "./versions.mjs";

/** @throws SetupError when this Node is older than package.json's `engines.node` */
export function checkNodeVersion() {
  const { engines } = JSON.parse(readFileSync(projectPath("package.json"), "utf8"));
  const wanted = engines.node.replace(/^>=/, "");
  if (!isAtLeast(process.versions.node, wanted)) {
    throw new SetupError(
      `Node ${wanted} or newer is needed; this is ${process.versions.node} (${process.execPath}). See https://nodejs.org/`,
    );
  }
}
