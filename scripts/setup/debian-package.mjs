import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";

import { run, SetupError } from "./progress.mjs";

const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

/**
 * Brings one file out of a package of one of Debian's newer suites, without installing anything: apt, with lists and
 * caches of its own in a temporary folder, downloads the package from the archive that this machine uses already and
 * verifies signature and checksums. Works for any user. Answers the file's path below `folder`.
 * @throws SetupError when there is no apt, no Debian archive, or no version that `accepts`
 */
export async function debianPackageFile({ package: name, suites, accepts, file, folder }) {
  const archive = await debianArchive();
  const reasons = [];
  for (const suite of suites) {
    const scratch = await mkdtemp(join(tmpdir(), "upgrade-ledger-apt-"));
    try {
      const deb = await download({ name, suite, accepts, archive, scratch });
      await run("dpkg-deb", ["--extract", deb, folder]);
      if (existsSync(join(folder, file))) return join(folder, file);
      reasons.push(`${name} of ${suite} has no ${file}`);
    } catch (error) {
      if (!(error instanceof SetupError)) throw error;
      reasons.push(error.message);
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  }
  throw new SetupError(reasons.join("; "));
}

async function debianArchive() {
  if (process.platform !== "linux" || !existsSync(KEYRING)) {
    throw new SetupError("this is not a Debian system (no archive keyring)");
  }
  const targets = await run("apt-get", ["indextargets", "--format", "$(REPO_URI) $(COMPONENT)"]);
  const line = targets.split("\n").find((text) => /\/debian\/? main$/.test(text));
  if (!line) throw new SetupError("apt has no Debian archive configured");
  return line.split(" ")[0];
}

async function download({ name, suite, accepts, archive, scratch }) {
  for (const folder of ["parts", "lists/partial", "cache/archives/partial"]) {
    await mkdir(join(scratch, folder), { recursive: true });
  }
  await writeFile(join(scratch, "status"), "");
  await writeFile(
    join(scratch, "parts", "debian.sources"),
    `Types: deb\nURIs: ${archive}\nSuites: ${suite}\nComponents: main\nSigned-By: ${KEYRING}\n`,
  );
  const options = aptOptions(scratch);
  await run("apt-get", [...options, "--error-on=any", "update"], { timeoutMs: 120_000 }).catch((cause) => {
    throw new SetupError(`Debian ${suite} can't be reached or verified`, { cause });
  });
  const listing = await run("apt-cache", [...options, "madison", name]);
  const versions = listing
    .split("\n")
    .map((line) => line.split("|")[1]?.trim())
    .filter((version) => version !== undefined);
  const version = versions.find(accepts);
  if (version === undefined)
    throw new SetupError(`Debian ${suite} has ${name} ${versions.join(", ") || "not at all"}`);
  const archives = join(scratch, "cache", "archives");
  await run("apt-get", [...options, "download", `${name}=${version}`], { cwd: archives, timeoutMs: 300_000 });
  const deb = (await readdir(archives)).find((file) => file.endsWith(".deb"));
  if (deb === undefined) throw new SetupError(`apt brought no package of ${name} ${version}`);
  return join(archives, deb);
}

/** Everything that apt would read or write on the system points into `scratch`. */
function aptOptions(scratch) {
  const settings = {
    "Dir::Etc::SourceList": "/dev/null",
    "Dir::Etc::SourceParts": join(scratch, "parts"),
    "Dir::State": scratch,
    "Dir::State::status": join(scratch, "status"),
    "Dir::State::Lists": join(scratch, "lists"),
    "Dir::Cache": join(scratch, "cache"),
    "Dir::Cache::archives": join(scratch, "cache", "archives"),
    "APT::Sandbox::User": userInfo().username,
    "Debug::NoLocking": "1",
    "Acquire::Languages": "none",
    "Acquire::AllowInsecureRepositories": "false",
    "APT::Get::AllowUnauthenticated": "false",
  };
  return ["-qq", ...Object.entries(settings).flatMap(([name, value]) => ["-o", `${name}=${value}`])];
}
