// For versions that misbehave at a step of their own upgrade.
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Calls `act` once, as soon as this device's marker is at one of the steps. */
export function whenStep(argv: readonly string[], steps: readonly string[], act: () => void): void {
  const config = readFileSync(argv[argv.indexOf("--config") + 1] ?? "", "utf8");
  const stateDir = /^state_dir = "(.*)"$/m.exec(config)?.[1] ?? "";
  const timer = setInterval(() => {
    const step = /"step": "([^"]*)"/.exec(markerOf(stateDir))?.[1] ?? "";
    if (!steps.includes(step)) return;
    clearInterval(timer);
    act();
  }, 5);
}

function markerOf(stateDir: string): string {
  try {
    return readFileSync(join(stateDir, "marker.json"), "utf8");
  } catch {
    return "";
  }
}
