// `npm run bench -- <suite> [--quick] [--json]`
import { parseArgs } from "node:util";
import { api } from "./api.ts";
import type { Figure, Suite } from "./figure.ts";

const SUITES: Readonly<Record<string, Suite>> = { api };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: "boolean", default: false }, json: { type: "boolean", default: false } },
});
const [name = ""] = positionals;
const suite = SUITES[name];
if (suite === undefined) {
  process.stderr.write(`usage: npm run bench -- <${Object.keys(SUITES).join("|")}> [--quick] [--json]\n`);
  process.exit(2);
}
const figures = await suite({ quick: values.quick, say: (text) => process.stderr.write(`${text}\n`) });
for (const figure of figures)
  process.stdout.write(`${values.json ? JSON.stringify(figure) : inWords(figure)}\n`);

function inWords({ name: figure, value, unit, reference, ratio, runs }: Figure): string {
  const [ours, theirs] = [shown(value), shown(reference)];
  return `${figure.padEnd(18)} ${ours.padStart(9)} ${unit.padEnd(6)} reference ${theirs.padStart(9)}   ratio ${ratio.toFixed(2)}   (median of ${runs})`;
}

function shown(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString("en") : value.toFixed(2);
}
