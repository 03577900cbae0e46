// Small programs over our sources, as real processes that can be killed.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { build } from "esbuild";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

export interface RunningScript {
  readonly child: ChildProcess;
  /** The next line that it prints. */
  line(): Promise<string>;
  /** Ends it with SIGKILL and waits until it is gone. */
  kill(): Promise<void>;
}

/** Bundles TypeScript source text (imports as from this folder) and starts it with Node. */
export async function runScript(source: string, args: readonly string[] = []): Promise<RunningScript> {
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: fileURLToPath(new URL(".", import.meta.url)), loader: "ts" },
    absWorkingDir: ROOT,
    bundle: true,
    write: false,
    platform: "node",
    format: "cjs",
    conditions: ["source"],
    logLevel: "error",
  });
  const child = spawn(process.execPath, ["-", ...args], { stdio: ["pipe", "pipe", "inherit"] });
  const gone = once(child, "exit");
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  child.stdin.end(outputFiles[0]?.text);
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    child,
    line: async () => String((await lines.next()).value),
    kill: async () => {
      child.kill("SIGKILL");
      await gone;
    },
  };
}
