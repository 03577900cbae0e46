// The real minisign program, which our signatures must agree with in both directions (spec §4, Staging).
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const TEST_TOOLS = fileURLToPath(new URL("../../../../.cache/test-tools", import.meta.url));

/** Runs minisign. @throws Error when it is not installed, or with what it says when it fails */
export async function minisign(args: readonly string[], cwd: string): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)(programPath(), args, { cwd });
  return stdout + stderr;
}

function programPath(): string {
  const folders = [TEST_TOOLS, ...(process.env["PATH"] ?? "").split(delimiter)];
  const found = folders.map((folder) => join(folder, "minisign")).find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new Error(
    "These tests need the minisign program: apt-get install minisign (npm run setup -- --test brings it)",
  );
}
