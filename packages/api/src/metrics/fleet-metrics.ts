import { UpgradePhase } from "@upgrade-ledger/contract";
import { ANOMALY_KINDS } from "@upgrade-ledger/projections";
import type { ApiContext } from "../context.ts";
import type { ReadMetric, Samples } from "./metrics.ts";

/** Versions that are named; the devices of all others are counted together. */
const VERSIONS = 20;

/** The devices, counted. No device has a metric of its own. */
export function fleetMetrics(context: ApiContext): ReadMetric[] {
  const summary = () => {
    context.model.fleet.bringUp();
    return context.model.fleet.summary();
  };
  return [
    {
      name: "ledger_devices",
      help: `Devices by the version that they run: the ${VERSIONS} most frequent ones, and all others`,
      type: "gauge",
      labels: ["version"],
      read: () => mostFrequent(summary().by_version),
    },
    {
      name: "ledger_devices_by_status",
      help: "Devices by status",
      type: "gauge",
      labels: ["status"],
      read: () => samples("status", summary().by_status),
    },
    {
      name: "ledger_upgrades_in_progress",
      help: "Open upgrades by phase",
      type: "gauge",
      labels: ["phase"],
      read: () => {
        const counts = summary().by_phase;
        return UpgradePhase.options.map((phase) => ({ labels: { phase }, value: counts[phase] ?? 0 }));
      },
    },
    {
      name: "ledger_upgrade_oldest_in_progress_seconds",
      help: "How long ago the oldest open upgrade was asked for; 0 if none is open",
      type: "gauge",
      read: () => [{ value: oldestSeconds(context) }],
    },
    {
      name: "ledger_anomalies_total",
      help: "Strange events by kind: duplicates, gaps, and so on",
      type: "counter",
      labels: ["kind"],
      read: () => anomalies(context),
    },
  ];
}

function samples(label: string, counts: Readonly<Record<string, number>>): Samples {
  return Object.entries(counts).map(([key, value]) => ({ labels: { [label]: key }, value }));
}

function mostFrequent(byVersion: Readonly<Record<string, number>>): Samples {
  const all = samples("version", byVersion).toSorted((a, b) => b.value - a.value);
  const others = all.slice(VERSIONS).reduce((sum, { value }) => sum + value, 0);
  return [...all.slice(0, VERSIONS), { labels: { version: "other" }, value: others }];
}

function oldestSeconds({ model, now }: ApiContext): number {
  let oldest = Number.POSITIVE_INFINITY;
  for (const { upgrade } of model.devices.values()) {
    if (upgrade !== null) oldest = Math.min(oldest, Date.parse(upgrade.requested_at));
  }
  return oldest === Number.POSITIVE_INFINITY ? 0 : Math.max(0, (now() - oldest) / 1_000);
}

function anomalies({ model }: ApiContext): Samples {
  const counts = new Map<string, number>(ANOMALY_KINDS.map((kind) => [kind, 0]));
  for (const device of model.devices.values()) {
    for (const kind of ANOMALY_KINDS) counts.set(kind, (counts.get(kind) ?? 0) + device.anomalies[kind]);
  }
  return [...counts].map(([kind, value]) => ({ labels: { kind }, value }));
}
