import type { ReplayStep } from "@upgrade-ledger/api/schema";
import { oneLine } from "../output/table.ts";
import type { Terminal } from "../output/terminal.ts";
import { duration } from "../output/time.ts";

/** Values longer than this are cut on a terminal; in a pipe they are whole. */
const VALUE_CHARS = 100;
const INDENT = "     ";
/** They change with every event. */
const ALWAYS = new Set(["/valid_at_seq", "/valid_at_time"]);

/** One event as a person reads it: when, what, why, and what it changed. */
export function replayWords(terminal: Terminal, step: ReplayStep): string {
  const { seq, ledger_time: at, since_previous_ms: since, type } = step;
  const elapsed = since === null ? "" : `  ${since < 0 ? "" : "+"}${duration(since)}`;
  const lines = [
    `${terminal.paint("bold", `#${seq}`)}  ${at}${elapsed}  ${terminal.paint("cyan", oneLine(type))}`,
    `${INDENT}${oneLine(step.text)}`,
    ...clockLine(terminal, step),
    ...step.anomalies.map((anomaly) => `${INDENT}${terminal.paint("yellow", `anomaly: ${anomaly}`)}`),
    ...step.causes.map((cause) => `${INDENT}because of ${causeWords(cause)}`),
    ...changeLines(terminal, step),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

function clockLine(terminal: Terminal, { occurred_at: at, ledger_time: stored }: ReplayStep): string[] {
  if (at === null) return [];
  const late = Date.parse(stored) - Date.parse(at);
  const words = late < 0 ? `${duration(-late)} ahead of` : `${duration(late)} before`;
  return [terminal.paint("dim", `${INDENT}written ${at} by the writer's clock, ${words} the ledger's`)];
}

function causeWords({ ref, seq, type }: ReplayStep["causes"][number]): string {
  return seq === null ? ref : `#${seq} ${oneLine(type ?? "")}`;
}

function changeLines(terminal: Terminal, { patch }: ReplayStep): string[] {
  const signs = { add: "+", remove: "-", replace: "~" } as const;
  return patch
    .filter(({ path }) => !ALWAYS.has(path))
    .map(({ op, path, value }) => {
      const shown = op === "remove" ? "" : ` ${shortJson(terminal, value)}`;
      return `${INDENT}${signs[op]} ${oneLine(path)}${shown}`;
    });
}

/** A value on one line, cut where a person reads it on a terminal. */
export function shortJson(terminal: Terminal, value: unknown): string {
  const text = JSON.stringify(value);
  return terminal.isTerminal && text.length > VALUE_CHARS ? `${text.slice(0, VALUE_CHARS)}…` : text;
}
