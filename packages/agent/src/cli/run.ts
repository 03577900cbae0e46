// `fleet-agent run`: the agent itself.
import type { Version } from "@upgrade-ledger/contract";
import { newInstanceId } from "@upgrade-ledger/ledger";
import { surviveLostSockets } from "@upgrade-ledger/nats";
import type { Logger } from "pino";
import type { LoadedConfig } from "../config/load.ts";
import { Outbox } from "../outbox/outbox.ts";
import { Agent } from "../shell/agent.ts";
import { enter } from "../shell/enter.ts";
import { layoutOf, readSeed, setUp } from "../shell/setup.ts";
import { removeDeadSockets } from "../socket/status-socket.ts";
import { EXIT } from "./exit-codes.ts";

/** Runs until it is told to stop, and answers with the exit code. */
export async function run(loaded: LoadedConfig, version: Version, parent: Logger): Promise<number> {
  const { config } = loaded;
  const instanceId = newInstanceId();
  const log = parent.child({ device_id: config.device_id, instance_id: instanceId, version });
  surviveLostSockets({
    onLost: (err) => log.warn({ err }, "the link ended while it was written to"),
    onFatal: (err) => {
      log.fatal({ err }, "an error that nobody caught");
      process.exit(EXIT.failed);
    },
  });
  readSeed(config);
  const stateDir = config.state_dir;
  const place = await enter({ stateDir, version, instanceId, layout: layoutOf(config) });
  if (place.kind === "extra") {
    log[place.inCutover ? "info" : "error"]({}, `not starting: ${place.why}`);
    return place.inCutover ? EXIT.ok : EXIT.alreadyRunning;
  }
  for (const file of place.memory.setAside) log.error({ file }, "a file could not be read and was set aside");
  await removeDeadSockets(stateDir);
  const outbox = await Outbox.open({ stateDir, deviceId: config.device_id, instanceId, version });
  const setup = await setUp(loaded, { version, instanceId, log }, place, outbox);
  const agent = new Agent(setup, outbox);
  const end = (signal: NodeJS.Signals): void => {
    log.info({ signal }, "asked to end");
    void agent.shutDown();
  };
  process.once("SIGTERM", end);
  process.once("SIGINT", end);
  log.info({ drives: place.driverLock !== null }, "starting");
  await agent.start();
  return agent.ended;
}
