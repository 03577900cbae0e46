import { destination, pino, type Logger } from "pino";
import pretty from "pino-pretty";
import { VERSION } from "../version.ts";
import type { Settings } from "../settings/definitions.ts";

/** The service's log, on stderr: JSON lines, or on a terminal lines for people. */
export function serviceLog(level: Settings["log_level"]): Logger {
  const options = { level, base: { version: VERSION }, timestamp: pino.stdTimeFunctions.isoTime };
  // Not in step with what it tells of, which would cost a request a system call; all of it is written before the end.
  if (!process.stderr.isTTY) return pino(options, destination({ fd: 2, sync: false }));
  return pino(options, pretty({ destination: 2, sync: true, ignore: "pid,hostname,version" }));
}
