import { Device } from "@upgrade-ledger/api/schema";
import type { z } from "zod";
import type { Column } from "../output/table.ts";
import type { Colour } from "../output/terminal.ts";
import { ago } from "../output/time.ts";
import { clientCommand, clientOf, examples } from "./client-command.ts";
import { positiveInteger } from "./arguments.ts";

type ShownDevice = z.infer<typeof Device>;

const collect = (value: string, before: readonly string[] = []): string[] => [...before, value];

/** `devices ls` */
export function devicesLs() {
  return clientCommand("ls")
    .description("List devices")
    .option("--status <status>", "only with this status (repeat for several)", collect)
    .option("--phase <phase>", "only in this phase (repeat for several)", collect)
    .option("--version <version>", "only those that run this version (repeat for several)", collect)
    .option(
      "--desired-version <version>",
      "only those asked to run this version (repeat for several)",
      collect,
    )
    .option("--label <key=value>", "only with this label (repeat: all of them)", collect)
    .option("-q, --search <text>", "only where id, version or label contains the text")
    .option("--sort <field>", "device_id, status, phase, phase_since, current_version…; -field: descending")
    .option("--limit <n>", "at most so many", positiveInteger, 1_000)
    .addHelpText(
      "after",
      examples(
        "devices ls",
        "devices ls --status failed --status stalled",
        "devices ls --sort=-phase_since -o json",
      ),
    )
    .action(async (options) => {
      const { api, printer } = clientOf(options);
      const query = {
        status: options.status,
        phase: options.phase,
        version: options.version,
        desired_version: options.desiredVersion,
        label: options.label,
        q: options.search,
        sort: options.sort,
      };
      const devices = await api.list(Device, "/v1/devices", query, options.limit);
      printer.list(devices, COLUMNS, "no devices");
      if (devices.length === options.limit) printer.say(`(the first ${options.limit}; more with --limit)`);
    });
}

const COLUMNS: readonly Column<ShownDevice>[] = [
  { name: "device", value: (device) => device.device_id },
  { name: "status", value: (device) => device.status, colour: (device) => statusColour(device.status) },
  { name: "version", value: (device) => device.current_version },
  { name: "desired", value: (device) => device.desired_version ?? "-" },
  { name: "phase", value: (device) => device.phase },
  { name: "since", value: (device) => ago(device.phase_since) },
  { name: "why", value: (device) => device.upgrade?.waiting_for ?? failureOf(device) },
];

function failureOf(device: ShownDevice): string {
  if (device.status !== "failed") return "";
  return device.last_upgrade?.reason_code ?? device.last_error ?? "";
}

/** A status's colour; the word always says it too. */
export function statusColour(status: ShownDevice["status"]): Colour {
  switch (status) {
    case "up-to-date":
      return "green";
    case "failed":
    case "stalled":
    case "offline":
      return "red";
    case "updating":
    case "scheduled":
      return "cyan";
    case "unverified":
    case "drifted":
    case "unknown":
      return "yellow";
  }
}
