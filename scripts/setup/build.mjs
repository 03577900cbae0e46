import { run, step } from "./progress.mjs";
import { projectPath, ROOT } from "./project.mjs";

/** Compiles all packages, only what changed. A bundle that running needs would be made here, after it. */
export async function buildProject() {
  const compiler = projectPath("node_modules", "typescript", "bin", "tsc");
  await step("Building", () => run(process.execPath, [compiler, "-b"], { cwd: ROOT }));
}
