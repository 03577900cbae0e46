import { Device } from "@upgrade-ledger/api/schema";
import type { z } from "zod";
import type { Terminal } from "../output/terminal.ts";
import { ago, utc } from "../output/time.ts";
import { asOfQueryOf, asOfSeq, asOfTime } from "./as-of-options.ts";
import { clientCommand, clientOf, examples } from "./client-command.ts";
import { statusColour } from "./devices-ls.ts";

type ShownDevice = z.infer<typeof Device>;

/** `devices show` */
export function devicesShow() {
  return clientCommand("show")
    .description("Show one device")
    .argument("<device>", "device id")
    .addOption(asOfSeq())
    .addOption(asOfTime())
    .addHelpText(
      "after",
      examples(
        "devices show pi-0042",
        "devices show pi-0042 -o json",
        "devices show pi-0042 --as-of-time 2026-05-06T22:51:14Z",
      ),
    )
    .action(async (device, options) => {
      const { api, printer } = clientOf(options);
      const found = await api.ask(Device, `/v1/devices/${encodeURIComponent(device)}`, {
        query: asOfQueryOf(options),
      });
      printer.one(found, (terminal) => describe(terminal, found));
    });
}

function describe(terminal: Terminal, device: ShownDevice): string {
  const lines: [string, string][] = [
    ["device", terminal.paint("bold", device.device_id)],
    ["status", terminal.paint(statusColour(device.status), device.status)],
    ["version", device.current_version],
    ["desired", device.desired_version ?? "-"],
    ["phase", `${device.phase}, ${sinceWords(device, device.phase_since)}`],
    ["platform", device.live?.platform ?? "-"],
    ["policy", device.policy],
    ["first seen", utc(device.first_seen_at)],
    ...labelLines(device),
    ...upgradeLines(device),
    ...instanceLines(device),
    ...anomalyLines(device),
  ];
  return lines.map(([name, value]) => `${name.padEnd(12)} ${value}\n`).join("");
}

/** Of the past, only the moment can be told: how long ago it was then is not known here. */
function sinceWords({ live }: ShownDevice, time: string | null): string {
  return live === undefined ? `since ${utc(time)}` : `for ${ago(time)}`;
}

function labelLines({ live }: ShownDevice): [string, string][] {
  const labels = Object.entries(live?.labels ?? {}).map(([key, value]) => `${key}=${value}`);
  return labels.length === 0 ? [] : [["labels", labels.join(" ")]];
}

function upgradeLines({ upgrade, last_upgrade: last, live }: ShownDevice): [string, string][] {
  const lines: [string, string][] = [];
  if (upgrade !== null) {
    lines.push([
      "upgrade",
      `${upgrade.from_version} → ${upgrade.to_version}, asked for by ${upgrade.requested_by}: ${upgrade.reason}`,
    ]);
    lines.push(["waits for", upgrade.waiting_for ?? "-"]);
    lines.push(["upgrade id", upgrade.upgrade_id]);
  }
  if (last !== null) {
    const verified = last.outcome === "done" && !last.verified ? ", unverified" : "";
    const why = last.reason_code === null ? "" : ` (${last.reason_code})`;
    const when = live === undefined ? utc(last.completed_at) : `${ago(last.completed_at)} ago`;
    lines.push([
      "last upgrade",
      `${last.from_version} → ${last.to_version}: ${last.outcome}${verified}${why}, ${when}`,
    ]);
    if (last.last_error !== null) lines.push(["", last.last_error.split("\n")[0] ?? ""]);
  }
  return lines;
}

function instanceLines({ instances, live }: ShownDevice): [string, string][] {
  return instances
    .filter(({ role }) => role !== "gone")
    .map((instance) => {
      const beat = live?.heartbeats.find(({ instance_id: id }) => id === instance.instance_id);
      const heard = beat === undefined ? ", no heartbeat" : `, heartbeat ${ago(beat.received_at)} ago`;
      const state = `${instance.current_version} ${instance.agent_state ?? "state unknown"}`;
      const text = `${state}${live === undefined ? "" : heard} (${instance.instance_id})`;
      return [`${instance.role} agent`, text];
    });
}

function anomalyLines({ anomalies }: ShownDevice): [string, string][] {
  const found = Object.entries(anomalies).filter(([, count]) => count > 0);
  return found.length === 0
    ? []
    : [["anomalies", found.map(([kind, count]) => `${kind} ${count}`).join(", ")]];
}
