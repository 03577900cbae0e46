import { UpgradeSummary, VersionInterval } from "@upgrade-ledger/api/schema";
import { formatTable } from "../output/table.ts";
import { utc } from "../output/time.ts";
import { clientCommand, clientOf, examples } from "./client-command.ts";

/** `devices history` */
export function devicesHistory() {
  return clientCommand("history")
    .description("Show what a device ran, and every attempt to upgrade it")
    .argument("<device>", "device id")
    .addHelpText("after", examples("devices history pi-0042", "devices history pi-0042 -o json"))
    .action(async (device, options) => {
      const { api, printer } = clientOf(options);
      const path = `/v1/devices/${encodeURIComponent(device)}`;
      const versions = await api.list(VersionInterval, `${path}/versions`);
      const upgrades = await api.list(UpgradeSummary, `${path}/upgrades`);
      printer.one({ versions, upgrades }, (terminal) => {
        const ran = formatTable(
          terminal,
          [
            { name: "version", value: (row) => row.version },
            { name: "from", value: (row) => utc(row.from) },
            { name: "to", value: (row) => (row.to === null ? "now" : utc(row.to)) },
            { name: "how", value: (row) => row.how },
            { name: "by", value: (row) => row.requested_by ?? "-" },
            { name: "why", value: (row) => row.reason ?? "" },
          ],
          versions,
        );
        const attempts = formatTable(
          terminal,
          [
            { name: "upgrade", value: (row) => `${row.from_version} → ${row.to_version}` },
            { name: "outcome", value: (row) => row.outcome ?? row.phase },
            { name: "asked for", value: (row) => utc(row.requested_at) },
            { name: "by", value: (row) => row.requested_by },
            { name: "ended", value: (row) => utc(row.completed_at) },
            { name: "why", value: (row) => row.reason_code ?? row.reason },
            { name: "id", value: (row) => row.upgrade_id },
          ],
          upgrades,
        );
        return `${ran}\n${attempts}`;
      });
    });
}
