import { readFile } from "node:fs/promises";

import { run, step } from "./progress.mjs";
import { projectPath, ROOT } from "./project.mjs";

/**
 * Runs `npm ci` unless what is installed is what package-lock.json asks for. npm's own record of an installation,
 * written when it is complete, is compared; so an `npm install` by hand counts, and one that broke off does not.
 */
export async function installDependencies() {
  if (await isUpToDate()) return;
  await step("Installing dependencies", () =>
    run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], { cwd: ROOT }),
  );
}

async function isUpToDate() {
  const wanted = await packagesOf(projectPath("package-lock.json"));
  const installed = await packagesOf(projectPath("node_modules", ".package-lock.json")).catch(
    () => undefined,
  );
  if (installed === undefined) return false;
  return Object.entries(wanted)
    .filter(([path, entry]) => path !== "" && !entry.optional && !entry.devOptional)
    .every(([path, entry]) => {
      const found = installed[path];
      return found !== undefined && found.version === entry.version && found.integrity === entry.integrity;
    });
}

async function packagesOf(lockFile) {
  return JSON.parse(await readFile(lockFile, "utf8")).packages;
}
