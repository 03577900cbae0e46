import { Printer } from "../output/print.ts";
import { type Column, formatTable } from "../output/table.ts";
import { utc } from "../output/time.ts";
import type { Interval, Summary } from "../source/history-source.ts";
import { exportFile, sourceOf } from "../source/choose-source.ts";
import { canvasOf, timeline } from "../words/timeline.ts";
import { type AsOfOptions, asOfSeq, asOfTime } from "./as-of-options.ts";
import { clientCommand, examples } from "./client-command.ts";

/** `devices history` */
export function devicesHistory() {
  return clientCommand("history")
    .description("Show what a device ran, and every attempt to upgrade it")
    .argument("<device>", "device id")
    .addOption(asOfSeq())
    .addOption(asOfTime())
    .addOption(exportFile())
    .addHelpText(
      "after",
      examples(
        "devices history pi-0042",
        "devices history pi-0042 -o json",
        "devices history pi-0042 --as-of-seq 41210",
      ),
    )
    .action(async (device, options) => {
      const printer = new Printer(options);
      const source = sourceOf(options);
      const versions = await source.versions(device, options);
      const upgrades = await source.upgrades(device, options);
      printer.one({ versions, upgrades }, (terminal) => {
        const ran = terminal.isTerminal
          ? timeline(
              terminal,
              canvasOf(process.stdout.columns, process.env),
              versions,
              endOf(options, options.file === undefined, versions, upgrades),
            )
          : formatTable(terminal, VERSION_COLUMNS, versions);
        return `${ran}\n${formatTable(terminal, ATTEMPT_COLUMNS, upgrades)}`;
      });
    });
}

/** Until when the version that runs is shown: now, or the last moment of the past that is told of. */
function endOf(
  asOf: AsOfOptions,
  live: boolean,
  versions: readonly Interval[],
  upgrades: readonly Summary[],
): number {
  if (asOf.asOfTime !== undefined) return Date.parse(asOf.asOfTime);
  if (live && asOf.asOfSeq === undefined) return Date.now();
  const times = [
    ...versions.map(({ from }) => from),
    ...upgrades.flatMap((upgrade) => [upgrade.requested_at, upgrade.completed_at ?? upgrade.requested_at]),
  ];
  return Math.max(...times.map((time) => Date.parse(time)));
}

const VERSION_COLUMNS: readonly Column<Interval>[] = [
  { name: "version", value: (row) => row.version },
  { name: "from", value: (row) => utc(row.from) },
  { name: "to", value: (row) => (row.to === null ? "now" : utc(row.to)) },
  { name: "how", value: (row) => row.how },
  { name: "by", value: (row) => row.requested_by ?? "-" },
  { name: "why", value: (row) => row.reason ?? "" },
];

const ATTEMPT_COLUMNS: readonly Column<Summary>[] = [
  { name: "upgrade", value: (row) => `${row.from_version} → ${row.to_version}` },
  { name: "outcome", value: (row) => row.outcome ?? row.phase },
  { name: "asked for", value: (row) => utc(row.requested_at) },
  { name: "by", value: (row) => row.requested_by },
  { name: "ended", value: (row) => utc(row.completed_at) },
  { name: "why", value: (row) => row.reason_code ?? row.reason },
  { name: "id", value: (row) => row.upgrade_id },
];
