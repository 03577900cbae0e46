import { oneLine } from "../output/table.ts";
import type { Terminal } from "../output/terminal.ts";
import { duration, utc } from "../output/time.ts";
import type { Attempt } from "../source/history-source.ts";

/** The story of one attempt: who asked, what was done on what grounds, how it ended. */
export function whyWords(terminal: Terminal, attempt: Attempt): string {
  const { device_id: device, from_version: from, to_version: to, why } = attempt;
  const lines = [
    `${terminal.paint("bold", device)}: ${from} → ${to}, ${endWords(attempt)}`,
    `asked for by ${oneLine(attempt.requested_by)} at ${utc(attempt.requested_at)}: ${oneLine(attempt.reason)}`,
    "",
  ];
  const known = new Map(why.map((step) => [step.event_id, step]));
  let before: string | undefined;
  for (const step of why) {
    const elapsed = before === undefined ? "" : `  +${duration(Date.parse(step.at) - Date.parse(before))}`;
    lines.push(`${terminal.paint("bold", `#${step.seq}`)}  ${utc(step.at)}${terminal.paint("dim", elapsed)}`);
    lines.push(`     ${oneLine(step.text)}`);
    for (const ref of step.caused_by) {
      const cause = known.get(ref);
      lines.push(
        terminal.paint(
          "dim",
          `     because of ${cause === undefined ? ref : `#${cause.seq} ${oneLine(cause.type)}`}`,
        ),
      );
    }
    for (const anomaly of step.anomalies)
      lines.push(`     ${terminal.paint("yellow", `anomaly: ${anomaly}`)}`);
    before = step.at;
  }
  return lines.map((line) => `${line}\n`).join("");
}

function endWords({ outcome, phase, verified, reason_code: code, last_error: error }: Attempt): string {
  if (outcome === null) return `still under way (${phase})`;
  const doubt = outcome === "done" && !verified ? ", unverified" : "";
  const why = code === null ? "" : ` (${code}${error === null ? "" : `: ${oneLine(error)}`})`;
  return `${outcome}${doubt}${why}`;
}
