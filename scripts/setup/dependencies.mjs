import { readFile } from "node:fs/promises";

import { run, step } from "./progress.mjs";
import { projectPath, ROOT } from "./project.mjs";

/**
 * Runs `npm ci` unless what is installed is what package-lock.json asks for. npm's own record of an installation,
 * written when it is complete, is compared; so an `npm install` by hand counts, and one that broke off does not.
 */
export async function installDependencies() {
  if (await isUpToDate()) return;
  await step("Installing dependencies", install);
}

const NPM_OPTIONS = ["--no-audit", "--no-fund", "--loglevel=error"];

async function install() {
  try {
    await run("npm", ["ci", ...NPM_OPTIONS], { cwd: ROOT });
  } catch (error) {
    if (!lacksOnlyForeignPlatforms(error.output)) throw error;
    // The same versions, from the same lock file, which stays as it is.
    await run("npm", ["install", "--no-save", ...NPM_OPTIONS], { cwd: ROOT });
  }
}

/**
 * A lock file made with a registry that has a tool's binaries for some platforms only names the others without a
 * version, and `npm ci` refuses it for that. Anything else that it misses is a real difference.
 */
function lacksOnlyForeignPlatforms(output = "") {
  const complaints = output.split("\n").filter((line) => /\b(Missing|Invalid): /.test(line));
  return complaints.length > 0 && complaints.every((line) => /Missing: \S+@ from lock file/.test(line));
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
