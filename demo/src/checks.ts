// What the demo claims, asserted from the ledger and from the operating system, never from log text.
import { access } from "node:fs/promises";
import { join } from "node:path";
import { binaryName } from "@upgrade-ledger/contract";
import type { DemoDevice } from "./devices.ts";
import { ask as askFor, askAll, Device, Event } from "./http.ts";
import { startTimeOf } from "./processes.ts";
import { type Ask, FIRST_VERSION, type Part } from "./story.ts";
import type { Watch } from "./watch.ts";
import type { Workload } from "./workloads.ts";
import type { World } from "./world.ts";

export interface Check {
  readonly deviceId: string;
  readonly claim: string;
  readonly ok: boolean;
  /** What was found instead. */
  readonly found?: string;
}

export interface Evidence {
  readonly world: World;
  readonly part: Part;
  readonly device: DemoDevice;
  readonly upgradeIds: readonly string[];
  readonly workloadsBefore: readonly Workload[];
  readonly watch: Watch;
}

const HAPPY_PATH = [
  "desired-version",
  "draining",
  "staging",
  "verifying",
  "cutover-ready",
  "upgrade-stop",
  "stopping",
  "done",
];

/** All claims about one device. */
export async function checkDevice(evidence: Evidence): Promise<Check[]> {
  const { part, world } = evidence;
  const events = await askAll(Event, `${world.httpUrl}/v1/devices/${part.deviceId}/events`);
  const checks: Check[] = [];
  const claim = (text: string, ok: boolean, found?: unknown) =>
    checks.push({
      deviceId: part.deviceId,
      claim: text,
      ok,
      ...(ok ? {} : { found: JSON.stringify(found) }),
    });

  let running: string = FIRST_VERSION;
  for (const [index, ask] of part.asks.entries()) {
    const upgradeId = evidence.upgradeIds[index];
    const own = events.filter((event) => event.upgrade_id === upgradeId);
    if (ask.ending.outcome === "done") {
      checkDone(evidence, own, running, ask, claim);
      await checkExit(evidence.device, running, index === 0, claim);
      running = ask.version;
    } else {
      await checkFailed(evidence, own, running, ask, claim);
    }
  }
  await checkEnd(evidence, claim);
  return checks;
}

type Claim = (text: string, ok: boolean, found?: unknown) => void;

function checkDone(evidence: Evidence, own: readonly Event[], from: string, ask: Ask, claim: Claim): void {
  const { deviceId } = evidence.part;
  const to = ask.version;
  const types = own.map((event) => event.type);
  claim(`the ledger tells ${from} → ${to} in order, to done`, inOrder(types, HAPPY_PATH), types);

  const ready = own.find((event) => event.type === "cutover-ready");
  const stopEvent = own.find((event) => event.type === "upgrade-stop");
  const observed = own.filter(
    (event) => event.type === "agent-observed" && event.payload["current_version"] === to,
  );
  const cited = observed.find(
    (event) =>
      stopEvent?.payload["caused_by"] !== undefined &&
      JSON.stringify(stopEvent.payload["caused_by"]).includes(event.event_id),
  );
  claim(
    `the stop cites a heartbeat of ${to} that the operator saw after cutover-ready`,
    ready !== undefined &&
      stopEvent !== undefined &&
      cited !== undefined &&
      cited.seq > ready.seq &&
      cited.seq < stopEvent.seq,
    { ready: ready?.seq, observed: observed.map((event) => event.seq), stop: stopEvent?.seq },
  );
  claim(`${from} and ${to} were alive together`, evidence.watch.aliveTogether(deviceId, from, to));
}

/** How the guard saw the old agent end. The first one runs in the unit of the symlink, later ones in a unit of their version. */
async function checkExit(device: DemoDevice, version: string, isFirst: boolean, claim: Claim): Promise<void> {
  const { state, exit } = await device.supervisor.statusOf(isFirst ? "fleet-agent" : binaryName(version));
  claim(
    `the old agent ${version} exited with 0 and was not restarted`,
    state === "exited" && exit === "exit 0",
    { state, exit },
  );
}

async function checkFailed(
  evidence: Evidence,
  own: readonly Event[],
  from: string,
  ask: Ask,
  claim: Claim,
): Promise<void> {
  if (ask.ending.outcome !== "failed") return;
  const { part, device, watch } = evidence;
  const failed = own.find((event) => event.type === "failed");
  claim(
    `${ask.version} failed: ${ask.ending.reasonCode}${ask.ending.reverted ? ", reverted" : ""}`,
    failed?.payload["reason_code"] === ask.ending.reasonCode &&
      failed.payload["reverted"] === ask.ending.reverted,
    failed?.payload,
  );
  claim(
    "no stop was ever sent",
    !own.some((event) => event.type === "upgrade-stop"),
    own.map((event) => event.type),
  );
  claim(
    ask.ending.bothAlive
      ? `${from} and ${ask.version} were alive together`
      : `${ask.version} was never started`,
    watch.aliveTogether(part.deviceId, from, ask.version) === ask.ending.bothAlive,
  );
  const staged = join(device.prefix, "bin", binaryName(ask.version));
  claim(
    `the binary of ${ask.version} is still on disk`,
    await access(staged).then(
      () => true,
      () => false,
    ),
    staged,
  );
}

async function checkEnd(
  { world, part, device, watch, workloadsBefore }: Evidence,
  claim: Claim,
): Promise<void> {
  const shown = await askFor(Device, `${world.httpUrl}/v1/devices/${part.deviceId}`);
  claim(
    `the device runs ${part.finalVersion}`,
    shown.current_version === part.finalVersion,
    shown.current_version,
  );
  const target = await device.linkTarget();
  claim(`the symlink points to ${part.finalVersion}`, target.endsWith(binaryName(part.finalVersion)), target);
  const alive = watch.aliveNow(part.deviceId).map((sighting) => sighting.version);
  claim(
    `one agent is alive, ${part.finalVersion}`,
    alive.length === 1 && alive[0] === part.finalVersion,
    alive,
  );
  const kept = workloadsBefore.filter(({ pid, startTime }) => startTimeOf(pid) === startTime);
  claim(
    `both workloads kept their process ids (${workloadsBefore.map(({ pid }) => pid).join(", ")})`,
    workloadsBefore.length === 2 && kept.length === 2,
    { before: workloadsBefore, kept },
  );
}

function inOrder(types: readonly string[], wanted: readonly string[]): boolean {
  let next = 0;
  for (const type of types) if (type === wanted[next]) next++;
  return next === wanted.length;
}
