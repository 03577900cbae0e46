import { existsSync, readFileSync } from "node:fs";
import { chmod, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";

import { debianPackageFile } from "./debian-package.mjs";
import { step, SetupError } from "./progress.mjs";
import { projectPath } from "./project.mjs";

/** Programs that only tests use. They go to `.cache/test-tools/<name>`; nothing is installed on the system. */
const TOOLS = [
  // Validates docker-compose.yml against the compose specification, without a container engine.
  {
    package: "docker-compose",
    file: "usr/libexec/docker/cli-plugins/docker-compose",
    suites: () => ["forky", "sid"],
    accepts: (version) => /^([2-9]|\d\d)\./.test(version),
  },
  // Signs as an operator of any distribution would, and checks what we sign. It needs a library, so both come from this system's suite.
  {
    package: "minisign",
    file: "usr/bin/minisign",
    library: { package: "libsodium23", file: `usr/lib/${multiarch()}/libsodium.so.23` },
    suites: () => [ownSuite()],
    accepts: () => true,
  },
];

/** Brings what is missing. @throws SetupError naming the tool and why it could not be brought */
export async function ensureTestTools() {
  for (const tool of TOOLS) {
    const target = join(projectPath(".cache", "test-tools"), basename(tool.file));
    if (existsSync(target)) continue;
    await step(`Bringing ${tool.package} for the tests`, () => bring(tool, target));
  }
}

async function bring(tool, target) {
  const draft = `${target}.new-${process.pid}`;
  try {
    await mkdir(draft, { recursive: true });
    const suites = tool.suites();
    const file = await debianPackageFile({ ...tool, suites, folder: draft });
    if (tool.library === undefined) await rename(file, target);
    else {
      const library = await debianPackageFile({ ...tool, ...tool.library, suites, folder: draft });
      await placeWithLibrary({ draft, file, library, target });
    }
    await chmod(target, 0o755);
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    throw new SetupError(
      `${tool.package}, which tests need, could not be brought: ${error.message}. Put the program at ${target}.`,
    );
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** The program and its library beside `target`, and `target` a script that starts the one with the other. */
async function placeWithLibrary({ draft, file, library, target }) {
  const home = `${target}.d`;
  await rm(home, { recursive: true, force: true });
  await rename(draft, home);
  const inHome = (path) => `"$here/${basename(home)}/${relative(draft, path)}"`;
  const script = `#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
LD_LIBRARY_PATH=${inHome(dirname(library))} exec ${inHome(file)} "$@"
`;
  await writeFile(`${target}.sh`, script, { mode: 0o755 });
  await rename(`${target}.sh`, target);
}

/** The code name of the Debian release that runs here. */
function ownSuite() {
  const name = /^VERSION_CODENAME=(\w+)$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1];
  if (name === undefined) throw new SetupError("/etc/os-release names no VERSION_CODENAME");
  return name;
}

function multiarch() {
  return process.arch === "arm64" ? "aarch64-linux-gnu" : "x86_64-linux-gnu";
}
