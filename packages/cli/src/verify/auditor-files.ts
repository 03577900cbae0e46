import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { LastSeen } from "@upgrade-ledger/audit";
import { CliError } from "../cli-error.ts";
import { EXIT } from "../exit-codes.ts";

/** What the last audit saw; `undefined` before the first. A file that cannot be read is not passed over: it may be the proof. */
export async function readLastSeen(file: string): Promise<LastSeen | undefined> {
  const text = await readIfThere(file);
  if (text === undefined) return undefined;
  try {
    return LastSeen.parse(JSON.parse(text));
  } catch (error) {
    throw new CliError(`${file} holds nothing that an audit wrote`, {
      cause: error,
      exitCode: EXIT.usage,
      hint: "give another file with --state, or move it away to begin anew",
    });
  }
}

export async function writeLastSeen(file: string, seen: LastSeen): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(`${file}.new`, `${JSON.stringify(seen, null, 1)}\n`, { mode: 0o600, flush: true });
  await rename(`${file}.new`, file);
}

/** The keys in files that were named: one line each. */
export async function readKeys(files: readonly string[]): Promise<string[]> {
  const texts = await Promise.all(
    files.map(async (file) => {
      const text = await readIfThere(file);
      if (text === undefined) throw new CliError(`${file}: no such file`, { exitCode: EXIT.notFound });
      return text;
    }),
  );
  return texts.flatMap(linesOf);
}

/** The key in a file that may be missing. */
export async function readKeyIfThere(file: string): Promise<string[]> {
  return linesOf((await readIfThere(file)) ?? "");
}

function linesOf(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
