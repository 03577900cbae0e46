import { existsSync } from "node:fs";

import { run, step } from "./progress.mjs";
import { projectPath, ROOT } from "./project.mjs";

/** Compiles all packages (only what changed), then bundles. */
export async function buildProject() {
  await step("Building", () =>
    run(process.execPath, [projectPath("node_modules", "typescript", "bin", "tsc"), "-b"], { cwd: ROOT }),
  );
  // The one place for bundling steps that running needs. A step must return at once when its output is up to date.
  const bundleAgents = projectPath("scripts", "bundle-agents.mjs");
  if (existsSync(bundleAgents))
    await step("Bundling the agent", () => run(process.execPath, [bundleAgents], { cwd: ROOT }));
}
