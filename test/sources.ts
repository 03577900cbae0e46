// The project's own source files, as the tests about the tree's shape read them.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "..");

/** Paths from the root of every file that is committed or about to be, by name. */
export function projectFiles(pattern: RegExp): string[] {
  const listed = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
    cwd: ROOT,
    encoding: "utf8",
  });
  return listed.split("\n").filter((path) => pattern.test(path));
}

export function textOf(path: string): string {
  return readFileSync(resolve(ROOT, path), "utf8");
}

const SPECIFIER =
  /(?:^|\n)\s*(?:import|export)\s(?:[^'"`;]*?\sfrom\s)?["']([^"']+)["']|import\(\s*["']([^"']+)["']\s*\)/g;

/** The module specifiers that a source file imports or re-exports. */
export function importsOf(path: string): string[] {
  return [...textOf(path).matchAll(SPECIFIER)].map((match) => match[1] ?? match[2] ?? "");
}
