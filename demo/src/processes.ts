// Child processes that the demo started, and what the operating system says of processes.
import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end and collects what it prints. */
export function run(
  file: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { env, stdio: ["ignore", "pipe", "pipe"] });
    const out = { stdout: "", stderr: "" };
    child.stdout.on("data", (chunk: Buffer) => (out.stdout += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (out.stderr += chunk.toString()));
    child.once("error", reject);
    child.once("close", (code, signal) => resolve({ code, signal, ...out }));
  });
}

/** Sends SIGTERM and waits; SIGKILL if the process is still there after `graceMs`. */
export async function stop(child: ChildProcess, graceMs = 10_000): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), graceMs);
  await gone;
  clearTimeout(timer);
}

export interface ProcessInfo {
  readonly pid: number;
  readonly argv: readonly string[];
  /** Clock ticks after boot at which it started: with the pid it names one process for ever. */
  readonly startTime: string;
}

/** Every process of the machine whose command line holds `text`. A process that ends meanwhile is left out. */
export function processesWith(text: string): ProcessInfo[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const argv = readQuietly(`/proc/${name}/cmdline`)?.split("\0").filter(Boolean) ?? [];
      if (!argv.some((argument) => argument.includes(text))) return [];
      const startTime = startTimeOf(Number(name));
      return startTime === undefined ? [] : [{ pid: Number(name), argv, startTime }];
    });
}

/** The start time of a live process; `undefined` when there is none with that pid (a zombie is not alive). */
export function startTimeOf(pid: number): string | undefined {
  const stat = readQuietly(`/proc/${pid}/stat`);
  // The command name in parentheses may hold spaces; fields are counted after it.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields === undefined || fields[0] === "Z" ? undefined : fields[19];
}

function readQuietly(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
