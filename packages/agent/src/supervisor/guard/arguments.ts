// The guard's command line.
import { parseArgs } from "node:util";
import type { RestartPolicy } from "./decide.ts";

export const USAGE = `fleet-agent-guard --prefix DIR --state-dir DIR --config FILE [options]

Starts the agent behind <prefix>/local/bin/fleet-agent, restarts it when it fails, and starts new versions beside it
when an agent asks through <state-dir>/guard.sock. Logs go to <state-dir>/log/.

  --prefix DIR                   below which bin/fleet-agent-v<version> and local/bin/fleet-agent are
  --state-dir DIR                where the guard keeps units.json, its socket and the logs
  --config FILE                  the agent's configuration file
  --restart-delay-ms N           pause before a restart (1000)
  --start-limit-burst N          starts within the interval before a version is given up (5)
  --start-limit-interval-ms N    (60000)
  --stop-timeout-ms N            time between SIGTERM and SIGKILL (8000)
  --version, --help`;

export interface GuardSettings {
  readonly show: "help" | "version" | undefined;
  readonly prefix: string;
  readonly stateDir: string;
  readonly config: string;
  readonly policy: RestartPolicy;
  readonly stopTimeoutMs: number;
}

/** What is wrong with the command line. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** @throws UsageError for an unknown, missing or malformed option */
export function parseGuardArguments(argv: readonly string[]): GuardSettings {
  const values = parse(argv);
  const show = values.help === true ? "help" : values.version === true ? "version" : undefined;
  const required = (name: string, value: string | undefined): string => {
    if (value !== undefined && value !== "") return value;
    if (show !== undefined) return "";
    throw new UsageError(`--${name} is missing\n\n${USAGE}`);
  };
  return {
    show,
    prefix: required("prefix", values.prefix),
    stateDir: required("state-dir", values["state-dir"]),
    config: required("config", values.config),
    policy: {
      restartDelayMs: count("restart-delay-ms", values["restart-delay-ms"], 1_000),
      startLimitBurst: count("start-limit-burst", values["start-limit-burst"], 5),
      startLimitIntervalMs: count("start-limit-interval-ms", values["start-limit-interval-ms"], 60_000),
    },
    stopTimeoutMs: count("stop-timeout-ms", values["stop-timeout-ms"], 8_000),
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        prefix: { type: "string" },
        "state-dir": { type: "string" },
        config: { type: "string" },
        "restart-delay-ms": { type: "string" },
        "start-limit-burst": { type: "string" },
        "start-limit-interval-ms": { type: "string" },
        "stop-timeout-ms": { type: "string" },
        version: { type: "boolean" },
        help: { type: "boolean" },
      },
    }).values;
  } catch (cause) {
    throw new UsageError(`${cause instanceof Error ? cause.message : String(cause)}\n\n${USAGE}`, { cause });
  }
}

function count(name: string, text: string | undefined, preset: number): number {
  if (text === undefined) return preset;
  if (!/^[1-9][0-9]{0,8}$/.test(text)) throw new UsageError(`--${name} ${text}: not a positive whole number`);
  return Number(text);
}
