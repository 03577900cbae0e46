import { spawn } from "node:child_process";

/** A failure that was foreseen; its message says what to do. */
export class SetupError extends Error {
  /** All that a failed program printed. */
  output = "";
}

/** Does one step; says so if it takes longer than two seconds. */
export async function step(label, work) {
  const startedAt = performance.now();
  let announced = false;
  const announcement = setTimeout(() => {
    announced = true;
    console.log(`${label} …`);
  }, 2_000);
  try {
    const result = await work();
    if (announced) console.log(`${label}: done in ${((performance.now() - startedAt) / 1_000).toFixed(1)} s`);
    return result;
  } finally {
    clearTimeout(announcement);
  }
}

/**
 * Runs a program and answers its standard output.
 * @throws SetupError with the end of what it printed, when it fails, is missing, or takes longer than `timeoutMs`
 */
export function run(program, args, { cwd, env, timeoutMs = 600_000 } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      env: env ?? process.env,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: timeoutMs,
    });
    let stdout = "";
    let all = "";
    child.stdout.setEncoding("utf8").on("data", (text) => {
      stdout += text;
      all += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text) => (all += text));
    child.once("error", (cause) =>
      reject(new SetupError(`${program} could not be started: ${cause.message}`, { cause })),
    );
    child.once("close", (code, signal) => {
      if (code === 0) return resolve(stdout);
      const end = signal ?? `exit code ${code}`;
      const lines = shortened(all.trimEnd().split("\n")).join("\n");
      const error = new SetupError(`\`${program} ${args.join(" ")}\` ended with ${end}:\n${lines}`);
      error.output = all;
      reject(error);
    });
  });
}

/** The cause stands at the beginning of some programs' output and at the end of others'. */
function shortened(lines) {
  return lines.length <= 30 ? lines : [...lines.slice(0, 15), "…", ...lines.slice(-15)];
}
