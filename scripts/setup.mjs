// Brings a fresh clone to where `npm run demo`, `npm start` and `npm test` can run, with nothing but Node and npm:
// dependencies, a nats-server, the build. Safe to run again at any time; a second run takes about a second.
//   node scripts/setup.mjs           what running needs
//   node scripts/setup.mjs --test    and what only tests need
import { buildProject } from "./setup/build.mjs";
import { installDependencies } from "./setup/dependencies.mjs";
import { ensureNatsServer } from "./setup/nats-server.mjs";
import { checkNodeVersion } from "./setup/node-version.mjs";
import { SetupError } from "./setup/progress.mjs";
import { ensureTestTools } from "./setup/test-tools.mjs";

const forTests = process.argv.includes("--test");

try {
  checkNodeVersion();
  const results = await Promise.allSettled([
    installDependencies().then(buildProject),
    ensureNatsServer(),
    ...(forTests ? [ensureTestTools()] : []),
  ]);
  const failures = results.filter((result) => result.status === "rejected").map((result) => result.reason);
  if (failures.length > 0)
    throw failures.length === 1 ? failures[0] : new SetupError(failures.map(describe).join("\n\n"));
} catch (error) {
  console.error(`\nSet-up failed: ${describe(error)}`);
  process.exitCode = 1;
}

/** A foreseen failure is one clear message; anything else keeps its stack. */
function describe(error) {
  if (error instanceof SetupError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
