// Builds the agent: one executable file per version, signed with the project's development key, and the guard.
//   npm run build:agent -- --version 0.1.2 [--out DIR] [--entry FILE]
import { createHash } from "node:crypto";
import { chmod, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { signMinisign } from "@upgrade-ledger/agent/minisign";
import { binaryName } from "@upgrade-ledger/contract";
import { build } from "esbuild";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const AGENT_ENTRY = join(ROOT, "packages/agent/src/main.ts");
const GUARD_ENTRY = join(ROOT, "packages/agent/src/supervisor/guard/main.ts");
const SECRET_KEY = join(ROOT, "deploy/dev-keys/minisign.key");

/**
 * A CommonJS bundle that does not need Node's own CommonJS wrapper: `fleet-agent-guard` has no extension, and below a
 * package.json with "type": "module" Node takes such a file for an ES module, which has no require. (A versioned agent,
 * whose name ends in what looks like the extension ".2", does not run in such a folder at all: docs/artifacts.md.)
 */
const BANNER = `#!/usr/bin/env node
(function (require, module, exports, __filename, __dirname) {`;
const FOOTER = `})(process.getBuiltinModule("node:module").createRequire(process.argv[1]), { exports: {} }, {}, process.argv[1], process.getBuiltinModule("node:path").dirname(process.argv[1]));`;

/** One executable file from `entry`. The same sources give the same bytes. */
async function bundle(entry, outFile, define) {
  const result = await build({
    absWorkingDir: ROOT,
    entryPoints: [relative(ROOT, resolve(entry))],
    bundle: true,
    write: false,
    platform: "node",
    target: "node20",
    format: "cjs",
    conditions: ["source"],
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: "eof",
    charset: "utf8",
    banner: { js: BANNER },
    footer: { js: FOOTER },
    define,
    logLevel: "warning",
    // The embedded server, which the agent does not start, finds its files by it.
    logOverride: { "empty-import-meta": "silent" },
  });
  const [output] = result.outputFiles;
  if (output === undefined) throw new Error(`esbuild made nothing of ${entry}`);
  await replaceFile(outFile, output.contents, 0o755);
  return describe(outFile, output.contents);
}

/**
 * Builds `fleet-agent-v<version>` from `entry` (default: the agent itself) and its `.minisig`, into `outDir`.
 * @param {{ version: string, outDir: string, entry?: string }} options
 */
export async function buildAgent({ version, outDir, entry = AGENT_ENTRY }) {
  const name = binaryName(version);
  const binary = await bundle(entry, join(outDir, name), {
    __AGENT_VERSION__: JSON.stringify(bare(version)),
  });
  const signature = signMinisign({
    content: await readFile(binary.path),
    fileName: name,
    secretKeyText: await readFile(SECRET_KEY, "utf8"),
    untrustedComment: "signed with the upgrade-ledger development key: for development only",
  });
  const signaturePath = `${binary.path}.minisig`;
  await replaceFile(signaturePath, signature, 0o644);
  return { ...binary, version: bare(version), signature, signaturePath };
}

/** Builds `fleet-agent-guard` into `outDir`. @param {{ outDir: string }} options */
export async function buildGuard({ outDir }) {
  return bundle(GUARD_ENTRY, join(outDir, "fleet-agent-guard"), {});
}

/** Build metadata is reported, but part of no path: it stays in the version that is compiled in. */
function bare(version) {
  return version.replace(/^v/, "");
}

/** A program that runs meanwhile keeps its old file: "text file busy" and half-written binaries cannot happen. */
async function replaceFile(path, content, mode) {
  const draft = `${path}.${process.pid}.new`;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(draft, content);
  await chmod(draft, mode);
  await rename(draft, path);
}

function describe(path, content) {
  return { path, sizeBytes: content.length, sha256: createHash("sha256").update(content).digest("hex") };
}

async function main() {
  const { values } = parseArgs({
    options: {
      version: { type: "string" },
      out: { type: "string", default: join(ROOT, ".cache", "agents") },
      entry: { type: "string" },
    },
  });
  if (values.version === undefined)
    throw new Error(
      "--version is missing: npm run build:agent -- --version 0.1.2 [--out DIR] [--entry FILE]",
    );
  const outDir = resolve(values.out);
  const made = [
    await buildAgent({ version: values.version, outDir, ...(values.entry && { entry: values.entry }) }),
    await buildGuard({ outDir }),
  ];
  for (const { path, sizeBytes, sha256 } of made)
    console.log(`${path}  ${sizeBytes} bytes  sha256 ${sha256}`);
  console.log(`${made[0].signaturePath}  (development key)`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  main().catch((error) => {
    console.error(`build:agent: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  });
}
