// `npm run demo`: real agents upgrade themselves, the operator stops the old ones, the ledger answers for it.
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { checkDevice } from "./checks.ts";
import { type DemoDevice, startDevice, stopDevice } from "./devices.ts";
import { say } from "./output.ts";
import { buildAgents, publishArtifacts, settled } from "./prepare.ts";
import { reportChecks, reportHistories, reportWhatNext } from "./report.ts";
import { type Service, startService } from "./service.ts";
import { STORY } from "./story.ts";
import { tellPart } from "./tell.ts";
import { type Watch, watchAgents } from "./watch.ts";
import { deployWorkloads, type Workload } from "./workloads.ts";
import { createWorld, PROJECT, type World } from "./world.ts";

const HELP = `Usage: npm run demo -- [options]

Five devices, each a real agent process v0.1.1 with two workloads, are asked for upgrades over HTTP:
two to a good version, one to a version whose self-test fails, one to a version that never sends a
heartbeat, one to a good version and back. Everything claimed is asserted from the ledger and the
operating system.

  --dir DIR        where it keeps its files (default: .demo); emptied at the start
  --kill-service   kill -9 the service in the middle of the first cutover, and start it again
  --exit           end when the story is told, also in a terminal
  --help

Examples:
  npm run demo
  npm run demo -- --kill-service --exit`;

interface Cast {
  service: Service;
  watch?: Watch;
  readonly devices: DemoDevice[];
  readonly workloads: Map<string, readonly Workload[]>;
}

function readArguments() {
  return parseArgs({
    options: {
      dir: { type: "string", default: join(PROJECT, ".demo") },
      "kill-service": { type: "boolean", default: false },
      exit: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
}

async function main(): Promise<number> {
  const { values } = readArguments();
  if (values.help) {
    say.line(HELP);
    return 0;
  }
  const interrupted = new Promise<"interrupted">((done) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => done("interrupted"));
  });
  const world = await createWorld(resolve(values.dir));
  say.title("The stage");
  await buildAgents(world);
  say.step(
    "built and signed fleet-agent 0.1.1, 0.1.2, 0.1.3 (broken self-test) and 0.1.4 (never sends a heartbeat)",
  );
  const cast: Cast = { service: await startService(world), devices: [], workloads: new Map() };
  say.step(`the service answers at ${world.httpUrl}, nats-server at nats://127.0.0.1:${world.natsPort}`);
  try {
    const told = perform(world, cast, values["kill-service"]);
    const outcome = await Promise.race([told, interrupted]);
    if (outcome === "interrupted") return 130;
    if (process.stdout.isTTY && !values.exit) {
      say.line("\nServing until Ctrl-C.");
      await interrupted;
    }
    return outcome ? 0 : 1;
  } finally {
    cast.watch?.stop();
    for (const device of cast.devices) await stopDevice(device);
    await cast.service.stop();
  }
}

/** The whole story; true when it ended as it must. */
async function perform(world: World, cast: Cast, killService: boolean): Promise<boolean> {
  for (const { deviceId } of STORY) cast.devices.push(await startDevice(world, deviceId));
  await deployWorkloads(
    world,
    STORY.map(({ deviceId }) => deviceId),
  );
  for (const device of cast.devices) cast.workloads.set(device.deviceId, await settled(world, device));
  say.step(`${cast.devices.length} devices run v0.1.1 with two workloads each`);
  await publishArtifacts(world);
  say.step("published 0.1.2, 0.1.3 and 0.1.4");

  say.title("The story");
  const watch = watchAgents(cast.devices);
  cast.watch = watch;
  const crash = killService ? crashOnce(world, cast) : undefined;
  const told = await Promise.all(
    STORY.map((part) => tellPart(world, part, (deviceId, phase) => crash?.atPhase(deviceId, phase))),
  );
  await crash?.over();

  const checks = [];
  for (const [index, part] of STORY.entries()) {
    const device = cast.devices[index];
    if (device === undefined) throw new Error(`no device for ${part.deviceId}`);
    checks.push(
      ...(await checkDevice({
        world,
        part,
        device,
        upgradeIds: told[index] ?? [],
        workloadsBefore: cast.workloads.get(part.deviceId) ?? [],
        watch,
      })),
    );
  }
  reportChecks(checks);
  await reportHistories(world);
  reportWhatNext(world);
  return checks.every(({ ok }) => ok);
}

/** Kills the service when a device is first seen in cutover-ready, and starts it again. */
function crashOnce(world: World, cast: Cast) {
  let crash: Promise<void> | undefined;
  const killAndRestart = async () => {
    await cast.service.kill();
    say.step("the service was ended with kill -9");
    cast.service = await startService(world);
    say.step("the service runs again");
  };
  return {
    atPhase: (_deviceId: string, phase: string) => {
      if (phase === "cutover-ready") crash ??= killAndRestart();
    },
    over: () =>
      crash ??
      Promise.reject(new Error("no device was seen in cutover-ready, so the service was not killed")),
  };
}

try {
  process.exit(await main());
} catch (error) {
  console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
  const isUsage =
    error instanceof Error && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");
  process.exit(isUsage ? 2 : 1);
}
