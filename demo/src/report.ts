// How the demo ends: what was asserted, each device's version history and why it is so, and what to look at next.
import { styleText } from "node:util";
import type { Check } from "./checks.ts";
import { ask, askAll, Device, Interval, Summary } from "./http.ts";
import { say } from "./output.ts";
import { STORY } from "./story.ts";
import type { World } from "./world.ts";

export function reportChecks(checks: readonly Check[]): void {
  for (const part of STORY) {
    say.title(`${part.deviceId}: ${part.title}`);
    for (const check of checks.filter(({ deviceId }) => deviceId === part.deviceId)) {
      say.check(check.ok, check.ok ? check.claim : `${check.claim}; found ${check.found}`);
    }
  }
  const failed = checks.filter(({ ok }) => !ok).length;
  say.line();
  say.line(
    failed === 0
      ? styleText("green", `All ${checks.length} claims hold.`)
      : styleText("red", `${failed} of ${checks.length} claims do not hold.`),
  );
}

export async function reportHistories(world: World): Promise<void> {
  say.title("Version histories, and why");
  for (const { deviceId } of STORY) {
    const intervals = await askAll(Interval, `${world.httpUrl}/v1/devices/${deviceId}/versions`);
    const path = intervals.map(({ version, from }) => `${version} since ${from.slice(11, 19)}`).join(" → ");
    const { last_upgrade: last } = await ask(Device, `${world.httpUrl}/v1/devices/${deviceId}`);
    const why =
      last?.outcome === "failed"
        ? `${last.reason_code}: ${firstLine(last.last_error)}`
        : "verified by the operator";
    say.line(`  ${styleText("cyan", deviceId)}  ${path}`);
    say.line(`           last upgrade ${last?.outcome ?? "none"}, ${why}`);
  }
  const summary = await ask(Summary, `${world.httpUrl}/v1/fleet/summary`);
  say.line(
    `\n  Fleet: ${Object.entries(summary.by_status)
      .filter(([, count]) => count > 0)
      .map(([status, count]) => `${count} ${status}`)
      .join(", ")}`,
  );
}

function firstLine(text: string | null): string {
  return (
    (text ?? "")
      .split("\n")
      .find((line) => line.trim() !== "")
      ?.trim() ?? ""
  );
}

export function reportWhatNext(world: World): void {
  const server = `UPGRADE_LEDGER_SERVER=${world.httpUrl}`;
  say.title("Look further");
  say.line(`  ${world.httpUrl}/docs                         the API, to try out`);
  say.line(`  ${world.httpUrl}/v1/devices/pi-0004           why it went back`);
  say.line(`  ${world.httpUrl}/v1/devices/pi-0005/versions  its version history`);
  say.line(`  ${server} npx upgrade-ledger devices ls`);
  say.line(`  ${server} npx upgrade-ledger devices history pi-0004`);
  say.line(`  ${server} npx upgrade-ledger events tail`);
}
