import type { ApiContext } from "../context.ts";
import type { Connection, ReadMetric } from "./metrics.ts";

/** The ledger, how far the projections have taken it in, and the way to it. */
export function ledgerMetrics(context: ApiContext, connection: Connection): ReadMetric[] {
  const { model, head, version, streams } = context;
  const headSeq = (): number => Math.max(head.seq, model.progress.seq);
  return [
    {
      name: "ledger_build_info",
      help: "1, with the version of this program and of Node",
      type: "gauge",
      labels: ["version", "node"],
      read: () => [{ labels: { version, node: process.version }, value: 1 }],
    },
    {
      name: "ledger_stream_last_seq",
      help: "Sequence of the ledger's last event",
      type: "gauge",
      read: () => [{ value: headSeq() }],
    },
    {
      name: "ledger_projection_applied_seq",
      help: "Ledger sequence that a projection has reached, as this API has received it",
      type: "gauge",
      labels: ["projection"],
      read: () => model.progress.each().map(([projection, value]) => ({ labels: { projection }, value })),
    },
    {
      name: "ledger_projection_lag_events",
      help: "Events of the ledger that are not in a projection yet",
      type: "gauge",
      labels: ["projection"],
      read: () =>
        model.progress
          .each()
          .map(([projection, seq]) => ({ labels: { projection }, value: Math.max(0, headSeq() - seq) })),
    },
    {
      name: "ledger_quarantined_events_total",
      help: "Events that are stored and not to be believed",
      type: "counter",
      read: () => [{ value: model.quarantine?.quarantined ?? 0 }],
    },
    {
      name: "ledger_unknown_events_total",
      help: "Events of a type or version that this program does not know yet",
      type: "counter",
      read: () => [{ value: model.quarantine?.unknown ?? 0 }],
    },
    {
      name: "ledger_sse_clients",
      help: "Clients that follow the ledger at present",
      type: "gauge",
      read: () => [{ value: streams.size }],
    },
    {
      name: "ledger_nats_connected",
      help: "1 while the connection to the NATS server is up",
      type: "gauge",
      read: () => [{ value: Number(connection.up) }],
    },
    {
      name: "ledger_nats_reconnects_total",
      help: "How often the connection to the NATS server came back",
      type: "counter",
      read: () => [{ value: connection.reconnects }],
    },
  ];
}
