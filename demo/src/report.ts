// How the demo ends: what was asserted, each device's version history and why it is so, and what to look at next.
import { styleText } from "node:util";
import type { Check } from "./checks.ts";
import { ask, askAll, Interval, Summary, Upgrade, UpgradeListed } from "./http.ts";
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

/** The steps of an upgrade that say why it ended as it did. */
const DECISIVE = new Set(["upgrade-stop", "stop-refused", "done", "failed", "reverted", "superseded"]);

export async function reportHistories(world: World): Promise<void> {
  say.title("Version histories, and why");
  for (const { deviceId } of STORY) {
    const url = `${world.httpUrl}/v1/devices/${deviceId}`;
    const intervals = await askAll(Interval, `${url}/versions`);
    const path = intervals.map(({ version, from }) => `${version} since ${from.slice(11, 19)}`).join(" → ");
    say.line(`  ${styleText("cyan", deviceId)}  ${path}`);
    for (const { upgrade_id: upgradeId } of await askAll(UpgradeListed, `${url}/upgrades`)) {
      const {
        from_version: from,
        to_version: to,
        outcome,
        why,
      } = await ask(Upgrade, `${world.httpUrl}/v1/upgrades/${upgradeId}`);
      say.line(`           ${from} → ${to}: ${outcome}`);
      for (const { seq, text } of why.filter(({ type }) => DECISIVE.has(type))) {
        say.line(styleText("dim", indented(`#${seq} ${text}`)));
      }
    }
  }
  const { by_status: byStatus } = await ask(Summary, `${world.httpUrl}/v1/fleet/summary`);
  const counts = Object.entries(byStatus).flatMap(([status, count]) =>
    count > 0 ? [`${count} ${status}`] : [],
  );
  say.line(`\n  Fleet: ${counts.join(", ")}`);
}

/** A text of several lines, such as a self-test's output, below the upgrade that it belongs to. */
function indented(text: string): string {
  const margin = " ".repeat(13);
  return text
    .split("\n")
    .map((line, index) => `${margin}${index === 0 ? "" : "  "}${line}`)
    .join("\n");
}

export function reportWhatNext(world: World): void {
  const server = `UPGRADE_LEDGER_SERVER=${world.httpUrl}`;
  say.title("Look further (in a terminal the demo keeps serving)");
  say.line(`  ${world.httpUrl}/docs                         the API, to try out`);
  say.line(`  ${world.httpUrl}/v1/devices/pi-0004           why it went back`);
  say.line(`  ${world.httpUrl}/v1/devices/pi-0005/versions  its version history`);
  say.line(`  ${server} npx upgrade-ledger devices ls`);
  say.line(`  ${server} npx upgrade-ledger devices history pi-0004`);
  say.line(`  ${server} npx upgrade-ledger events tail`);
}
