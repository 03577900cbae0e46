// An audit's outcome for people.
import type { Finding, ServerReport } from "@upgrade-ledger/audit";
import type { Terminal } from "../output/terminal.ts";

interface Outcome extends ServerReport {
  readonly last_seen: { readonly size: number; readonly last_seq: number } | null;
}

/** What was looked at, then what was found. */
export function wordsOf(terminal: Terminal, outcome: Outcome): string {
  const lines = [
    ["ledger", ledgerLine(outcome)],
    ["root", outcome.root],
    [
      "chains",
      `${outcome.chains}${outcome.device_id === null ? "" : ` of ${outcome.device_id}`}; ${outcome.repeats} repeats, ${outcome.unchained} events outside any chain`,
    ],
    ["signatures", signatureLine(outcome)],
    ["checkpoints", checkpointLine(outcome)],
    ["projections", projectionLine(outcome)],
    [
      "last audit",
      outcome.last_seen === null
        ? "none: this is the first"
        : `saw ${outcome.last_seen.size} events up to sequence ${outcome.last_seen.last_seq}`,
    ],
  ];
  const table = lines
    .map(([name = "", text = ""]) => `${terminal.paint("dim", name.padEnd(11))} ${text}\n`)
    .join("");
  if (outcome.ok)
    return `${table}${terminal.paint("green", "ok")}: nothing is altered, inserted, moved or missing\n`;
  const shown = outcome.findings.map((finding) => findingLine(terminal, finding)).join("");
  const all = Object.entries(outcome.finding_counts).map(([code, count]) => `${code} ${count}`);
  return `${table}\n${shown}\n${all.join(", ")}\n`;
}

function ledgerLine({ events, last_seq, last_time, time_regressions }: Outcome): string {
  if (last_time === null) return "empty";
  const stepped = time_regressions === 0 ? "" : `; its clock stepped back ${time_regressions} times`;
  return `${events} events up to sequence ${last_seq} (${last_time})${stepped}`;
}

function signatureLine({ signatures }: Outcome): string {
  const { checked, unsigned_chains, unchecked } = signatures;
  const blind =
    unchecked === 0
      ? ""
      : `; ${unchecked} of the operator could not be checked, because its key is not known (--writer-key)`;
  return `${checked} checked, ${unsigned_chains} chains without${blind}`;
}

function checkpointLine({ checkpoints }: Outcome): string {
  const { stored, confirmed, covered_seq, signatures_checked } = checkpoints;
  if (stored === 0) return "none: nothing shows a lost tail but what this auditor saw itself";
  const blind = signatures_checked
    ? ""
    : "; their signatures were NOT checked, because no key is known (--key)";
  return `${confirmed} of ${stored} confirmed, up to sequence ${covered_seq}${blind}`;
}

function projectionLine({ projections }: Outcome): string {
  if (projections === null) return "not compared";
  return projections
    .map(({ name, built, documents, lagging }) => {
      if (!built) return `${name} never stored`;
      return lagging === 0 ? `${name} ${documents}` : `${name} ${documents} (${lagging} not up to date yet)`;
    })
    .join(", ");
}

function findingLine(terminal: Terminal, { code, seq, device_id, detail }: Finding): string {
  const where = [seq === null ? "ledger" : `seq ${seq}`, ...(device_id === null ? [] : [device_id])].join(
    " ",
  );
  return `${terminal.paint("red", code)} ${where}: ${detail}\n`;
}
