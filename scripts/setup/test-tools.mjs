import { existsSync } from "node:fs";
import { chmod, mkdir, rename, rm } from "node:fs/promises";
import { basename, join } from "node:path";

import { debianPackageFile } from "./debian-package.mjs";
import { step, SetupError } from "./progress.mjs";
import { projectPath } from "./project.mjs";

/** Programs that only tests use. They go to `.cache/test-tools/<name>`; nothing is installed on the system. */
const TOOLS = [
  // Validates docker-compose.yml against the compose specification, without a container engine.
  {
    package: "docker-compose",
    file: "usr/libexec/docker/cli-plugins/docker-compose",
    accepts: (version) => /^([2-9]|\d\d)\./.test(version),
  },
];

/** Brings what is missing. @throws SetupError naming the tool and why it could not be brought */
export async function ensureTestTools() {
  const folder = projectPath(".cache", "test-tools");
  for (const tool of TOOLS) {
    const target = join(folder, basename(tool.file));
    if (existsSync(target)) continue;
    const draft = join(folder, `new-${process.pid}`);
    await step(`Bringing ${tool.package} for the tests`, async () => {
      try {
        await mkdir(draft, { recursive: true });
        const file = await debianPackageFile({ ...tool, suites: ["forky", "sid"], folder: draft });
        await chmod(file, 0o755);
        await rename(file, target);
      } catch (error) {
        if (!(error instanceof SetupError)) throw error;
        throw new SetupError(
          `${tool.package}, which tests need, could not be brought: ${error.message}. Put the program at ${target}.`,
        );
      } finally {
        await rm(draft, { recursive: true, force: true });
      }
    });
  }
}
