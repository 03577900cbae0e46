import { once } from "node:events";
import { surviveLostSockets } from "@upgrade-ledger/nats";
import { CliError } from "../cli-error.ts";
import { EXIT } from "../exit-codes.ts";
import type { SettingKey, Settings } from "../settings/definitions.ts";
import { loadSettings } from "../settings/load-settings.ts";
import { VERSION } from "../version.ts";
import { serviceLog } from "./log.ts";
import { startService, type Service } from "./start-service.ts";

/** Runs the service until it is told to stop (SIGTERM, SIGINT), or until the NATS server is lost. */
export async function runService(
  flags: Readonly<Partial<Record<SettingKey, string>>>,
  file: string | undefined,
): Promise<void> {
  const settings = await loadSettings({ flags, env: process.env, file });
  const log = serviceLog(settings.log_level);
  surviveLostSockets({
    onLost: (err) => log.warn({ err }, "a connection ended while it was written to"),
    onFatal: (err) => {
      log.fatal({ err }, "an error that nobody caught");
      process.exit(EXIT.failure);
    },
  });
  let lost: string | undefined;
  const told = new AbortController();
  stopOnSignal(told);
  const service = await start(settings, log, (reason) => {
    lost = reason;
    log.fatal(reason);
    told.abort();
  });
  process.stdout.write(readyMessage(service, settings));
  if (!told.signal.aborted) await once(told.signal, "abort");
  // Without its server nothing can be told goodbye, and nothing is lost: what counts is on the disk.
  if (lost !== undefined) throw new CliError(lost);
  log.info("stopping");
  await service.stop();
  log.info("stopped");
}

async function start(
  settings: Settings,
  log: ReturnType<typeof serviceLog>,
  onLost: (reason: string) => void,
): Promise<Service> {
  try {
    return await startService(settings, log, onLost);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    log.fatal({ err: error }, "the service did not start");
    throw new CliError(`the service did not start: ${message}`, {
      cause: error,
      exitCode: EXIT.failure,
      hint: "`upgrade-ledger doctor` looks at what a service needs",
    });
  }
}

/** Aborts at the first SIGTERM or SIGINT; a second one ends the process at once. */
function stopOnSignal(told: AbortController): void {
  process.removeAllListeners("SIGINT");
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, () => {
      told.abort();
      process.once(signal, () => process.exit(EXIT.interrupted));
    });
  }
}

function readyMessage(service: Service, settings: Settings): string {
  const lines = [`upgrade-ledger ${VERSION} is ready`];
  if (service.apiUrl !== undefined) {
    lines.push(`  API   ${service.apiUrl}`, `  Docs  ${service.apiUrl}/docs`);
  }
  lines.push(`  NATS  ${service.natsUrl}`);
  if (service.embedded) lines.push(`  Data  ${settings.data_dir}`);
  lines.push(`  Roles ${settings.roles.join(", ")}`, "Ctrl-C stops it.");
  return `${lines.join("\n")}\n`;
}
