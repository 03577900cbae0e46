import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import type { ApiContext } from "../context.ts";
import { fleetMetrics } from "./fleet-metrics.ts";
import { ledgerMetrics } from "./ledger-metrics.ts";
import { operatorMetrics } from "./operator-metrics.ts";

/** Made anew whenever they are asked for: what a gauge or counter shows right now. */
export type Samples = readonly {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}[];

/** A metric whose value is read when it is asked for. */
export interface ReadMetric {
  readonly name: string;
  readonly help: string;
  readonly type: "gauge" | "counter";
  readonly labels?: readonly string[];
  read(): Samples | Promise<Samples>;
}

export interface HttpRequestSeen {
  readonly method: string;
  /** The template, never the address. */
  readonly route: string;
  readonly status: number;
  readonly seconds: number;
}

/** Everything that `GET /metrics` tells. */
export class Metrics {
  readonly registry = new Registry();
  readonly #requests: Histogram<"method" | "route" | "status">;

  constructor(context: ApiContext, connection: Connection) {
    const all = [
      ...ledgerMetrics(context, connection),
      ...fleetMetrics(context),
      ...operatorMetrics(context),
    ];
    for (const metric of all) register(this.registry, metric);
    this.#requests = new Histogram({
      name: "http_request_duration_seconds",
      help: "How long requests took, by the route's template",
      labelNames: ["method", "route", "status"],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers: [this.registry],
    });
    collectDefaultMetrics({ register: this.registry });
  }

  sawRequest({ method, route, status, seconds }: HttpRequestSeen): void {
    this.#requests.observe({ method, route, status: String(status) }, seconds);
  }
}

/** What is known of the connection to the NATS server. */
export interface Connection {
  readonly up: boolean;
  readonly reconnects: number;
}

function register(registry: Registry, metric: ReadMetric): void {
  const { name, help, labels = [] } = metric;
  const options = { name, help, labelNames: [...labels], registers: [] };
  switch (metric.type) {
    case "gauge":
      return registry.registerMetric(
        new Gauge({
          ...options,
          async collect() {
            const samples = await metric.read();
            this.reset();
            for (const sample of samples) this.set(sample.labels ?? {}, sample.value);
          },
        }),
      );
    case "counter":
      return registry.registerMetric(
        new Counter({
          ...options,
          async collect() {
            const samples = await metric.read();
            this.reset();
            for (const sample of samples) this.inc(sample.labels ?? {}, sample.value);
          },
        }),
      );
  }
}
