import type { ApiContext } from "../context.ts";
import type { ReadMetric } from "./metrics.ts";

/** What the operator has done, where it runs in the same process; otherwise there are no samples. */
export function operatorMetrics({ processCounts }: ApiContext): ReadMetric[] {
  return [
    {
      name: "ledger_stops_issued_total",
      help: "Stop signals that this process's coordinator has issued",
      type: "counter",
      read: () => counted(processCounts()?.stopsIssued),
    },
    {
      name: "ledger_stops_withheld",
      help: "Devices with an open upgrade that get no stop at present, by reason",
      type: "gauge",
      labels: ["reason"],
      read: () => {
        const reasons = new Map<string, number>();
        for (const { reason } of processCounts()?.stopsWithheld ?? []) {
          reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
        }
        return [...reasons].map(([reason, value]) => ({ labels: { reason }, value }));
      },
    },
    {
      name: "ledger_heartbeats_total",
      help: "Heartbeats that this process's operator has received",
      type: "counter",
      read: () => counted(processCounts()?.heartbeats.received),
    },
    {
      name: "ledger_heartbeats_rejected_total",
      help: "Messages on heartbeat subjects that were no heartbeats",
      type: "counter",
      read: () => counted(processCounts()?.heartbeats.rejected),
    },
  ];
}

function counted(value: number | undefined): { readonly value: number }[] {
  return value === undefined ? [] : [{ value }];
}
